// shown: begin
final dio = Dio();

Future<void> post(String url, Map<String, dynamic> fields, String path) async {
  final form = FormData();
  fields.forEach((name, value) => form.fields.add(MapEntry(name, value)));
  form.files.add(MapEntry('file', await MultipartFile.fromFile(path,
      filename: 'upload', contentType: DioMediaType.parse(fields['Content-Type']))));
  final stored = await dio.post(url, data: form, // a FormData serves once: clone it for a retry
      options: Options(responseType: ResponseType.plain, validateStatus: (_) => true));
  if (stored.statusCode != 200) throw Exception(stored.data);
}
// shown: end

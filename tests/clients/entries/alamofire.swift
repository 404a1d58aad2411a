// shown: begin
// `fields` is an array of pairs: a Swift dictionary has no order.
func post(_ url: URL, fields: [(String, String)], file: URL, type: String) {
    AF.upload(multipartFormData: { form in
        for (name, value) in fields { form.append(Data(value.utf8), withName: name) }
        form.append(file, withName: "file", fileName: "upload", mimeType: type) // last
    }, to: url)
    .uploadProgress { progress in print(progress.fractionCompleted) }
    .responseString { response in
        guard response.response?.statusCode == 200 else { return failed(response.value ?? "") }
        stored()
    }
}
// shown: end

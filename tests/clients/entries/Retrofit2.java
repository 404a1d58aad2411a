// Usage: Retrofit2 URL FILE, with the grant's fields as name=value lines on standard input
import java.io.File;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Scanner;
import okhttp3.MediaType;
import okhttp3.MultipartBody;
import okhttp3.RequestBody;
import okhttp3.ResponseBody;
import retrofit2.Call;
import retrofit2.Response;
import retrofit2.Retrofit;
import retrofit2.http.Body;
import retrofit2.http.POST;
import retrofit2.http.Url;

public class Retrofit2 {
  // shown: begin
  interface Oss {
    @POST
    Call<ResponseBody> post(@Url String url, @Body MultipartBody form);
  }

  static void post(String url, Map<String, String> fields, File file) throws Exception {
    MultipartBody.Builder form = new MultipartBody.Builder().setType(MultipartBody.FORM);
    fields.forEach(form::addFormDataPart);
    MediaType type = MediaType.parse(fields.get("Content-Type"));
    form.addFormDataPart("file", "upload", RequestBody.create(type, file)); // last
    Oss oss = new Retrofit.Builder().baseUrl(url).build().create(Oss.class);
    Response<ResponseBody> response = oss.post(url, form.build()).execute();
    if (response.code() != 200) throw new Exception(response.errorBody().string());
  }
  // shown: end

  public static void main(String[] arguments) throws Exception {
    Map<String, String> fields = new LinkedHashMap<>();
    Scanner lines = new Scanner(System.in, "UTF-8");
    while (lines.hasNextLine()) {
      String[] field = lines.nextLine().split("=", 2);
      fields.put(field[0], field[1]);
    }
    try {
      post(arguments[0], fields, new File(arguments[1]));
    } catch (Exception error) {
      System.err.println(error.getMessage());
      System.exit(1);
    }
    System.exit(0); // OkHttp's threads would linger
  }
}

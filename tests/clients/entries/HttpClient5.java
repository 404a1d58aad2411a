// Usage: HttpClient5 URL FILE, with the grant's fields as name=value lines on standard input
import java.io.File;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Scanner;
import org.apache.hc.client5.http.classic.methods.HttpPost;
import org.apache.hc.client5.http.entity.mime.MultipartEntityBuilder;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.CloseableHttpResponse;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.io.entity.EntityUtils;

public class HttpClient5 {
  // shown: begin
  static void post(String url, Map<String, String> fields, File file) throws Exception {
    MultipartEntityBuilder form = MultipartEntityBuilder.create();
    form.setContentType(ContentType.create("multipart/form-data")); // without a charset
    fields.forEach(form::addTextBody);
    ContentType type = ContentType.parse(fields.get("Content-Type"));
    form.addBinaryBody("file", file, type, "upload"); // last
    HttpPost request = new HttpPost(url);
    request.setEntity(form.build());
    try (CloseableHttpClient client = HttpClients.createDefault();
        CloseableHttpResponse response = client.execute(request)) {
      String body = EntityUtils.toString(response.getEntity());
      if (response.getCode() != 200) throw new Exception(body);
    }
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
  }
}

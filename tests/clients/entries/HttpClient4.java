// Usage: HttpClient4 URL FILE, with the grant's fields as name=value lines on standard input
import java.io.File;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Scanner;
import org.apache.http.Consts;
import org.apache.http.client.methods.CloseableHttpResponse;
import org.apache.http.client.methods.HttpPost;
import org.apache.http.entity.ContentType;
import org.apache.http.entity.mime.HttpMultipartMode;
import org.apache.http.entity.mime.MultipartEntityBuilder;
import org.apache.http.impl.client.CloseableHttpClient;
import org.apache.http.impl.client.HttpClients;
import org.apache.http.util.EntityUtils;

public class HttpClient4 {
  // shown: begin
  static void post(String url, Map<String, String> fields, File file) throws Exception {
    MultipartEntityBuilder form = MultipartEntityBuilder.create();
    form.setMode(HttpMultipartMode.BROWSER_COMPATIBLE).setCharset(Consts.UTF_8);
    fields.forEach(form::addTextBody);
    ContentType type = ContentType.parse(fields.get("Content-Type"));
    form.addBinaryBody("file", file, type, "upload"); // last
    HttpPost request = new HttpPost(url);
    request.setEntity(form.build());
    try (CloseableHttpClient client = HttpClients.createDefault();
        CloseableHttpResponse response = client.execute(request)) {
      String body = EntityUtils.toString(response.getEntity(), Consts.UTF_8);
      if (response.getStatusLine().getStatusCode() != 200) throw new Exception(body);
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

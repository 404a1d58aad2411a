// Usage: MultipartFormData URL FILE, with the grant's fields as name=value lines on standard input
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net.Http;
using System.Text;
using System.Threading.Tasks;

static class Program
{
    // shown: begin
    static readonly HttpClient Client = new HttpClient();

    static async Task Post(string url, IEnumerable<KeyValuePair<string, string>> fields, string path)
    {
        var form = new MultipartFormDataContent();
        var boundary = form.Headers.ContentType.Parameters.First();
        boundary.Value = boundary.Value.Trim('"'); // .NET quotes it
        foreach (var field in fields) // not StringContent, whose Content-Type would come first
            form.Add(new ByteArrayContent(Encoding.UTF8.GetBytes(field.Value)), $"\"{field.Key}\"");
        using (var content = File.OpenRead(path))
        {
            form.Add(new StreamContent(content), "\"file\""); // last; no file name, which .NET repeats
            var stored = await Client.PostAsync(url, form);
            var body = await stored.Content.ReadAsStringAsync();
            if ((int)stored.StatusCode != 200) throw new Exception(body);
        }
    }
    // shown: end

    static int Main(string[] arguments)
    {
        var fields = new List<KeyValuePair<string, string>>();
        for (string line; (line = Console.In.ReadLine()) != null;)
        {
            var at = line.IndexOf('=');
            fields.Add(new KeyValuePair<string, string>(line.Substring(0, at), line.Substring(at + 1)));
        }
        try
        {
            Post(arguments[0], fields, arguments[1]).GetAwaiter().GetResult();
            return 0;
        }
        catch (Exception error)
        {
            Console.Error.WriteLine(error.Message);
            return 1;
        }
    }
}

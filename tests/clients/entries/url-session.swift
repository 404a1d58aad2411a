// shown: begin
// The whole form as a file: the only body that a background session takes.
func form(_ fields: [(String, String)], file: URL, boundary: String, to target: URL) throws {
    var head = Data()
    for (name, value) in fields {
        head += Data(("--\(boundary)\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n"
            + "\(value)\r\n").utf8)
    }
    head += Data(("--\(boundary)\r\nContent-Disposition: form-data; name=\"file\"; "
        + "filename=\"upload\"\r\n\r\n").utf8)
    try head.write(to: target)
    let output = try FileHandle(forWritingTo: target)
    try output.seekToEnd()
    let input = try FileHandle(forReadingFrom: file)
    while let chunk = try input.read(upToCount: 1 << 20), !chunk.isEmpty { output.write(chunk) }
    output.write(Data("\r\n--\(boundary)--\r\n".utf8))
}

func upload(_ url: URL, form: URL, boundary: String, session: URLSession) {
    var request = URLRequest(url: url)
    request.httpMethod = "POST"
    request.setValue("multipart/form-data; boundary=\(boundary)", forHTTPHeaderField: "Content-Type")
    session.uploadTask(with: request, fromFile: form).resume() // its delegate gets the status
}
// shown: end

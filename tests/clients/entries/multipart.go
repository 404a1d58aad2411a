// Usage: multipart FUNCTION FILE TOKEN
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
)

var function, token = os.Args[1], os.Args[3]

// shown: begin
func upload(path string) (string, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	wanted, _ := json.Marshal(map[string]any{"filename": filepath.Base(path), "size": len(content)})
	request, _ := http.NewRequest("POST", function+"/sign", bytes.NewReader(wanted))
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var grant struct {
		URL, Key, Message string
		Fields            map[string]string
	}
	if err := json.NewDecoder(response.Body).Decode(&grant); err != nil {
		return "", err
	}
	if response.StatusCode != 200 {
		return "", fmt.Errorf("%s", grant.Message)
	}
	var body bytes.Buffer // an io.Pipe would send it chunked, without a length
	form := multipart.NewWriter(&body)
	for name, value := range grant.Fields { // in any order: only the file must be last
		form.WriteField(name, value)
	}
	part, _ := form.CreateFormFile("file", "upload")
	part.Write(content)
	form.Close()
	stored, err := http.Post(grant.URL, form.FormDataContentType(), &body)
	if err != nil {
		return "", err
	}
	defer stored.Body.Close()
	if stored.StatusCode != 200 {
		reason, _ := io.ReadAll(stored.Body)
		return "", fmt.Errorf("%s", reason)
	}
	return grant.Key, nil
}

// shown: end

func main() {
	key, err := upload(os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(key)
}

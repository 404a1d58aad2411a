#!/bin/bash
# Usage: curl.sh FUNCTION FILE [TOKEN]
set -euo pipefail
function=$1 file=$2 token=${3:-}

# shown: begin
request=$(python3 -c '
import json, pathlib, sys
path = pathlib.Path(sys.argv[1])
print(json.dumps({"filename": path.name, "size": path.stat().st_size}))
' "$file")
grant=$(curl --silent --show-error --fail-with-body "$function/sign" \
  --header "Authorization: Bearer $token" --data "$request") || { echo "$grant" >&2; exit 1; }
# --form-string, because --form would treat `; filename*=...` in a value as its own option.
# The path stands in quotes, because --form would otherwise cut it at a comma or a semicolon.
python3 -c '
import json, sys
grant, path = json.load(sys.stdin), sys.argv[1]
print("url =", json.dumps(grant["url"]))
for name, value in grant["fields"].items():
    print("form-string =", json.dumps(f"{name}={value}"))
quoted = path.replace("\\", "\\\\").replace("\"", "\\\"")
print("form =", json.dumps(f"file=@\"{quoted}\";filename=upload", ensure_ascii=False))
' "$file" <<<"$grant" |
  curl --silent --show-error --fail-with-body --config -
# shown: end

python3 -c 'import json, sys; print(json.load(sys.stdin)["key"])' <<<"$grant"

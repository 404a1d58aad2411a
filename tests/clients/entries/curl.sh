#!/bin/bash
# Usage: curl.sh FUNCTION FILE [TOKEN]
set -euo pipefail
function=$1 file=$2 token=${3:-}

# shown: begin
grant=$(curl --silent --show-error --fail-with-body "$function/sign" \
  --header "Authorization: Bearer $token" \
  --data "{\"filename\": \"$(basename "$file")\"}") || { echo "$grant" >&2; exit 1; }
# --form-string, because --form would treat `; filename*=...` in a value as its own option.
python3 -c '
import json, sys
grant = json.load(sys.stdin)
print("url =", json.dumps(grant["url"]))
for name, value in grant["fields"].items():
    print("form-string =", json.dumps(f"{name}={value}"))
' <<<"$grant" |
  curl --silent --show-error --fail-with-body --config - --form "file=@$file"
# shown: end

python3 -c 'import json, sys; print(json.load(sys.stdin)["key"])' <<<"$grant"

# Run it again whenever you like: it creates what is missing, changes what differs, and says so.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

differs() {  # whether $found is not what is wanted; the new configuration, if any, is in $work/new
  code=0
  printf '%s' "$found" | "${PYTHON:-python3}" -m deploy.setup_cloud.compare "$@" > "$work/new" || code=$?
  case $code in 0) return 0 ;; 3) return 1 ;; *) exit "$code" ;; esac
}

look() {  # set $found to what a command prints, or to nothing if the thing does not exist
  if found=$("$@" 2> "$work/error"); then return; fi
  printf '%s' "$found" >> "$work/error"
  found=
  grep -Eq 'NotExist|NoSuch' "$work/error" || { cat "$work/error" >&2; exit 1; }
}

change() {  # run a command; what was just created may need a minute until every service knows it
  printf '%s\n' "- $(printf '%.60s' "$*")"
  tries=12
  until "$@" > "$work/error" 2>&1; do
    tries=$((tries - 1))
    if [ "$tries" -eq 0 ] || ! grep -Eq 'NotExist|NoSuch' "$work/error"; then
      cat "$work/error" >&2
      exit 1
    fi
    echo "  not known everywhere yet; trying again in 5 s"
    sleep 5
  done
}

role() {  # name, whom it trusts, its longest session in seconds
  look aliyun ram GetRole --RoleName "$1"
  if [ -z "$found" ]; then
    change aliyun ram CreateRole --RoleName "$1" --AssumeRolePolicyDocument "$2" --MaxSessionDuration "$3"
  elif differs role "$1" "$2" "$3"; then
    change aliyun ram UpdateRole --RoleName "$1" --NewAssumeRolePolicyDocument "$2" --NewMaxSessionDuration "$3"
  fi
}

policy() {  # name, what it allows, the role that has it
  look aliyun ram GetPolicy --PolicyType Custom --PolicyName "$1"
  if [ -z "$found" ]; then
    change aliyun ram CreatePolicy --PolicyName "$1" --PolicyDocument "$2"
  elif differs policy "$1" "$2"; then
    change aliyun ram CreatePolicyVersion --PolicyName "$1" --PolicyDocument "$2" --SetAsDefault true \
      --RotateStrategy DeleteOldestNonDefaultVersionWhenLimitExceeded
  fi
  look aliyun ram ListPoliciesForRole --RoleName "$3"
  if [ -z "$found" ] || differs attached "$3" "$1"; then
    change aliyun ram AttachPolicyToRole --PolicyType Custom --PolicyName "$1" --RoleName "$3"
  fi
}

logs() {  # project, store, region, the bodies of the project and the store
  look aliyun sls GetProject --region "$3" --project "$1"
  if [ -z "$found" ]; then change aliyun sls CreateProject --region "$3" --body "$4"; fi
  look aliyun sls GetLogStore --region "$3" --project "$1" --logstore "$2"
  if [ -z "$found" ]; then change aliyun sls CreateLogStore --region "$3" --project "$1" --body "$5"; fi
  look aliyun sls GetIndex --region "$3" --project "$1" --logstore "$2"
  action=UpdateIndex
  if [ -z "$found" ]; then action=CreateIndex; fi
  if differs index "$2"; then
    change aliyun sls "$action" --region "$3" --project "$1" --logstore "$2" --body "$(cat "$work/new")"
  fi
}

bucket() {  # name, region, "create" or nothing
  look aliyun ossutil api get-bucket-info --bucket "$1" --region "$2"
  if [ -n "$found" ]; then return; fi
  if [ "$3" != create ]; then
    echo "The bucket $1 does not exist. Create it, or print this with CREATE_BUCKET=1." >&2
    exit 1
  fi
  change aliyun ossutil api put-bucket --bucket "$1" --region "$2"
}

cors() {  # bucket, region, our rule
  look aliyun ossutil api get-bucket-cors --bucket "$1" --region "$2" --output-format xml
  if differs cors "$1" "$3"; then
    change aliyun ossutil api put-bucket-cors --bucket "$1" --region "$2" --cors-configuration "file://$work/new"
  fi
}

lifecycle() {  # bucket, region, our rules
  look aliyun ossutil api get-bucket-lifecycle --bucket "$1" --region "$2" --output-format xml
  if ! differs lifecycle "$1" "$3"; then return; fi
  if [ -s "$work/new" ]; then
    change aliyun ossutil api put-bucket-lifecycle --bucket "$1" --region "$2" \
      --allow-same-action-overlap true --lifecycle-configuration "file://$work/new"
  else
    change aliyun ossutil api delete-bucket-lifecycle --bucket "$1" --region "$2"
  fi
}

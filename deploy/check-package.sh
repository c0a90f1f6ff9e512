#!/bin/sh
# Checks one evidence package without Streetwarden's code: GNU coreutils, findutils, grep, sed and OpenSSL 3.
#   sh check-package.sh PACKAGE REGISTRY
# Ends with `the package holds` and exit 0, or with one line that says what is wrong and exit 1.
# What the steps mean stands in docs/reference/evidence-format.md.
set -eu
LC_ALL=C
export LC_ALL
fail() {
    echo "FAILS: $*" >&2
    exit 1
}
[ $# -eq 2 ] || { echo "usage: sh check-package.sh PACKAGE REGISTRY" >&2; exit 2; }
[ -d "$1" ] && [ ! -L "$1" ] || fail "$1 is no package folder"
registry=$(realpath "$2")
cd "$1"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# 1. Plain files with a package's names, within the limits, and no folder without a file.
part='[a-z0-9][a-z0-9_-]*(\.[a-z0-9]{1,8})?'
[ -z "$(find . ! -type f ! -type d | head -c 1)" ] || fail "there is a link or a special file"
[ -z "$(find . -type f -size +262144k | head -c 1)" ] || fail "a file has more than 256 MiB"
[ -z "$(find . -mindepth 1 -type d -empty | head -c 1)" ] || fail "there is an empty folder"
find . -type f | sed 's|^\./||' | sort > "$work/found"
[ "$(wc -l < "$work/found")" -le 96 ] || fail "more than 96 files"
! grep -Evqx "$part(/$part){0,2}" "$work/found" || fail "a name that no package has"
for name in manifest.json signature.json bagit.txt bag-info.txt manifest-sha256.txt tagmanifest-sha256.txt; do
    [ -f "$name" ] || fail "$name is missing"
done

# 2. The payload is what the manifest lists: path, bytes and hash of each file, in BagIt's own list too.
sed 's/"bytes":/\n&/g' manifest.json |
    sed -n 's/^"bytes":\([0-9]*\),.*"path":"\(data\/[^"]*\)",.*"sha256":"\([0-9a-f]\{64\}\)".*/\1 \3  \2/p' |
    sort -k 3 > "$work/signed"
[ -s "$work/signed" ] || fail "manifest.json lists no file"
cut -d ' ' -f 2- "$work/signed" | cmp -s - manifest-sha256.txt || fail "manifest-sha256.txt is not what manifest.json lists"
sha256sum -c --strict --quiet manifest-sha256.txt > "$work/log" 2>&1 || fail "$(head -n 1 "$work/log")"
while read -r bytes _ path; do
    [ "$(wc -c < "$path")" -eq "$bytes" ] || fail "$path has another size"
done < "$work/signed"

# 3. BagIt's other files follow from the manifest, byte for byte; nothing else is there but a time stamp.
text() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$2"; }
sealed=$(text sealed_at_ns manifest.json | sed 's/.\{9\}$//')
total=$(($(cut -d ' ' -f 1 "$work/signed" | tr '\n' '+')0))
printf 'BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n' | cmp -s - bagit.txt || fail "bagit.txt was altered"
printf 'Bag-Software-Agent: %s\nBagging-Date: %s\nExternal-Identifier: %s\nPayload-Oxum: %s.%s\n' \
    "$(text software manifest.json)" "$(date -u -d "@$sealed" +%F)" "$(text package_id manifest.json)" \
    "$total" "$(wc -l < "$work/signed" | tr -d ' ')" | cmp -s - bag-info.txt || fail "bag-info.txt was altered"
sha256sum bag-info.txt bagit.txt manifest-sha256.txt manifest.json signature.json |
    cmp -s - tagmanifest-sha256.txt || fail "tagmanifest-sha256.txt was altered"
{
    cut -d ' ' -f 4- "$work/signed"
    printf '%s\n' bag-info.txt bagit.txt manifest-sha256.txt manifest.json signature.json tagmanifest-sha256.txt
} | sort > "$work/listed"
grep -vx timestamp.json "$work/found" | cmp -s - "$work/listed" || fail "the files are not exactly those listed"

# 4. The signature over type and manifest is that of the key that the manifest names, and the registry has it.
base64_of() {
    printf '%s' "$1" | base64 -d > "$2" 2> "$work/log" || fail "$3 is not base64"
    [ "$(base64 -w 0 < "$2")" = "$1" ] || fail "$3 is not the one base64 of its bytes"
}
tr -d ' \n' < "$registry" | tr '{' '\n' > "$work/registry"
key_of() {
    grep -F "\"key_id\":\"$1\"" "$work/registry" > "$work/entry" || fail "the registry has no key $1"
    base64_of "$(text public_key "$work/entry")" "$work/key.der" "the key in the registry"
    [ "$(sha256sum < "$work/key.der" | cut -c 1-32)" = "$1" ] || fail "the registry's key $1 is another key"
}
signed() { # TYPE FILE ALGORITHM SIGNATURE
    [ "$(text algorithm "$work/entry")" = "$3" ] || fail "the key is of another algorithm than $3"
    printf 'DSSEv1 %d %s %d ' "${#1}" "$1" "$(wc -c < "$2")" | cat - "$2" > "$work/message"
    if [ "$3" = ed25519 ]; then
        openssl pkeyutl -verify -rawin -pubin -keyform DER -inkey "$work/key.der" -in "$work/message" -sigfile "$4"
    else
        openssl dgst -sm3 -verify "$work/key.der" -keyform DER -sigopt distid:1234567812345678 -signature "$4" "$work/message"
    fi > "$work/log" 2>&1 || fail "$2 is not what the key signed"
}
type='application/vnd.streetwarden.package+json;version=1'
entry='\{"algorithm":"(ed25519|sm2-sm3)","key_id":"[0-9a-f]{32}","sig":"[A-Za-z0-9+/]+=*"\}'
form='\{"payload_sha256":"[0-9a-f]{64}","payload_type":"application/vnd\.streetwarden\.package\+json;version=1",'
form="$form"'"schema":"streetwarden\.signature/1","signatures":\['"$entry"'\]\}'
grep -Eqx "$form" signature.json && [ "$(wc -l < signature.json)" -eq 0 ] || fail "signature.json has not the form of one"
[ "$(text payload_sha256 signature.json)" = "$(sha256sum < manifest.json | cut -c 1-64)" ] || fail "signature.json is about another manifest"
key=$(text key_id signature.json)
grep -Fq "\"key_id\":\"$key\"" manifest.json || fail "the manifest names another key than the signature"
key_of "$key"
cp "$work/entry" "$work/sealer"
base64_of "$(text sig signature.json)" "$work/sig" "the signature"
signed "$type" manifest.json "$(text algorithm signature.json)" "$work/sig"

# 5. A time stamp, when there is one: signed by a key of the registry, made by an authority of the registry.
stamped=
if [ -f timestamp.json ]; then
    grep -Eqx '\{"response":"[A-Za-z0-9+/]+=*","schema":"streetwarden\.timestamp/1","signatures":\['"$entry"'\]\}' timestamp.json &&
        [ "$(wc -l < timestamp.json)" -eq 0 ] || fail "timestamp.json has not the form of one"
    base64_of "$(text response timestamp.json)" "$work/response" "the time stamp"
    base64_of "$(text sig timestamp.json)" "$work/stamp-sig" "the time stamp's signature"
    key_of "$(text key_id timestamp.json)"
    cp "$work/response" "$work/timestamp.json"
    signed 'application/vnd.streetwarden.timestamp+tsr;version=1' "$work/timestamp.json" "$(text algorithm timestamp.json)" "$work/stamp-sig"
    : > "$work/roots"
    for certificate in $(sed -n 's/.*"certificate":"\([^"]*\)".*/\1/p' "$work/registry"); do
        printf '%s' "$certificate" | base64 -d | openssl x509 -inform DER >> "$work/roots"
    done
    stamped=$(openssl ts -reply -in "$work/response" -text 2> "$work/log" | sed -n 's/^Time stamp: //p') || true
    [ -n "$stamped" ] || fail "timestamp.json holds no time stamp"
    stamped=$(date -u -d "$stamped" +%s)
    imprint=$(openssl ts -reply -in "$work/response" -text 2> "$work/log" | sed -n 's/^ \+[0-9a-f]\{4\} - \(.\{47\}\).*/\1/p' | head -n 2 | tr -d ' \n-')
    [ "$imprint" = "$(sha256sum < signature.json | cut -c 1-64)" ] || fail "the time stamp is of another package"
    [ "$((stamped + 60))" -ge "$sealed" ] || fail "stamped before the package says that it was sealed"
    if [ -s "$work/roots" ]; then
        openssl ts -verify -in "$work/response" -data signature.json -CAfile "$work/roots" -attime "$stamped" > "$work/log" 2>&1 ||
            fail "the time stamp is by no authority of the registry"
    else
        echo "the registry names no time-stamp authority: the time stamp proves nothing"
        stamped=
    fi
fi

# 6. The key was good when the package was sealed.
at() { # seconds of one of the key's times, or nothing for null
    value=$(text "$1" "$work/sealer")
    [ -z "$value" ] || date -u -d "$value" +%s
}
from=$(at valid_from) until=$(at valid_until) revoked=$(at revoked_at) stolen=$(at compromised_from)
[ "$sealed" -ge "$from" ] || fail "sealed before the key was valid"
[ -z "$until" ] || [ "$sealed" -lt "$until" ] || fail "sealed after the key expired"
if [ -n "$revoked" ] && [ "$(text revocation_reason "$work/sealer")" = superseded ]; then
    [ "$sealed" -lt "$revoked" ] || fail "sealed after the key was replaced"
elif [ -n "$revoked" ]; then
    [ -n "$stolen" ] && [ -n "$stamped" ] && [ "$sealed" -lt "$stolen" ] && [ "$stamped" -lt "$stolen" ] ||
        fail "the key is compromised, and no time stamp proves that this was sealed before"
fi

echo "sealed at $(date -u -d "@$sealed" +%FT%TZ) by key $key${stamped:+, stamped at $(date -u -d "@$stamped" +%FT%TZ)}"
grep -o '"chain":{[^}]*}' manifest.json
echo "the package holds"

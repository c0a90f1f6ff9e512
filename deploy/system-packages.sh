#!/usr/bin/env bash
# Checks for the Debian packages that `run` or `test` needs; installs them as root, otherwise says which are missing.
set -eu
declare -A packages=(
  [run]="python3-venv libgl1 libglib2.0-0"
  [test]="chromium ffmpeg fonts-noto-cjk mosquitto openssl softhsm2 python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-rtsp gstreamer1.0-tools
          gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly gstreamer1.0-libav"
)
missing=()
if ! command -v dpkg-query >/dev/null; then
  echo "streetwarden: this is no Debian; make sure that these are there: ${packages[run]}" >&2
  exit 0
fi
for purpose in "$@"; do
  for package in ${packages[$purpose]}; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
done
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" -ne 0 ]; then
  echo "streetwarden: missing system packages; run: sudo apt-get install --no-install-recommends ${missing[*]}" >&2
  exit 2
fi
echo "streetwarden: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null

# For the scripts that a newcomer runs: `source` it.
#
# install_missing WHO PACKAGE...: installs Debian packages where apt-get may be used, as root or by sudo without a
# password; says so in WHO's name. Elsewhere it says what is missing, and the caller goes on with what there is.
install_missing() {
  local who=$1 as_root=()
  shift
  (($# > 0)) || return 0
  ((EUID == 0)) || as_root=(sudo -n)
  if command -v apt-get >/dev/null && "${as_root[@]}" true 2>/dev/null; then
    echo "$who: installing $*" >&2
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" >/dev/null
  else
    echo "$who: not installed, and apt-get may not be used here: $*" >&2
  fi
}

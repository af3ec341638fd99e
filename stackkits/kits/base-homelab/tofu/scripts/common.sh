# Sourced by the other scripts: what they share, and the one place that makes paths.
set -eu

# A name that stays in its folder. CUE has checked it already; this is the last gate.
check_name() {
  case "$1" in
    '' | -* | *[!a-z0-9_-]*)
      echo "refused the name \"$1\"" >&2
      exit 1
      ;;
  esac
}

check_name "$NODE"
folder="$KOMBIFY_OUTPUT_DIR/$NODE"

put() {
  mkdir -p -- "${1%/*}" && printf '%s\n' "$2" >"$1.new"
}

# Writes a text to a file that is seen whole or not at all, and makes its folder. Another
# script may find that one empty and remove it in between: then it is made again.
write_whole() {
  put "$@" 2>/dev/null || put "$@" 2>/dev/null || put "$@"
  mv -f -- "$1.new" "$1"
}

# Removes a folder when nothing is left in it. Another script may remove it, or put
# something into it, at the same time.
remove_empty() {
  if [ -d "$1" ] && [ -z "$(ls -A -- "$1" 2>/dev/null)" ]; then
    rmdir -- "$1" 2>/dev/null || [ ! -d "$1" ] || [ -n "$(ls -A -- "$1")" ]
  fi
}

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

# Writes standard input to a file that is seen whole or not at all.
write_whole() {
  cat >"$1.new"
  mv -f -- "$1.new" "$1"
}

# Removes a folder when nothing is left in it.
remove_empty() {
  if [ -d "$1" ] && [ -z "$(ls -A -- "$1")" ]; then
    rmdir -- "$1"
  fi
}

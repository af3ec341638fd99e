. ./scripts/common.sh
mkdir -p -- "$folder"
printf '%s\n' "$CONTENT" | write_whole "$folder/node.json"
echo "wrote node.json, firewall rules: $RULES"

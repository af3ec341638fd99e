. ./scripts/common.sh
write_whole "$folder/node.json" "$CONTENT"
echo "wrote node.json, firewall rules: $RULES"

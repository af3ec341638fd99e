. ./scripts/common.sh
rm -f -- "$folder/node.json"
remove_empty "$folder"
echo "removed node.json"

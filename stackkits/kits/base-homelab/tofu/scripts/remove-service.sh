. ./scripts/common.sh
check_name "$SERVICE"
rm -f -- "$folder/services/$SERVICE.env"
remove_empty "$folder/services"
remove_empty "$folder"
echo "removed services/$SERVICE.env on $NODE"

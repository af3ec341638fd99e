. ./scripts/common.sh
check_name "$SERVICE"
write_whole "$folder/services/$SERVICE.env" "$CONTENT"
echo "wrote services/$SERVICE.env on $NODE, ports ${PORTS:-none}"

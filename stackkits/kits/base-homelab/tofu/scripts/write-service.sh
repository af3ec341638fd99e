. ./scripts/common.sh
check_name "$SERVICE"
mkdir -p -- "$folder/services"
printf '%s\n' "$CONTENT" | write_whole "$folder/services/$SERVICE.env"
echo "wrote services/$SERVICE.env on $NODE, ports ${PORTS:-none}"

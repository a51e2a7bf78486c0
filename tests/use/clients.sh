#!/bin/sh
# Clients of other projects: clients.sh nc|socat|curl PORT FOLDER. Fails where one does not get what it
# sent.
set -eu
port=$2
cd "$3"
head -c 2000000 /dev/urandom > sent

case $1 in
nc)
  timeout 20 nc -N 127.0.0.1 "$port" < sent | cmp - sent
  test "$(printf 'hello\n' | timeout 20 nc -N 127.0.0.1 "$port")" = hello
  ;;
socat)
  timeout 20 socat -t 10 - "TCP:127.0.0.1:$port" < sent | cmp - sent
  # A byte at a time.
  head -c 20000 sent > less
  timeout 20 socat -b 1 -t 10 - "TCP:127.0.0.1:$port,nodelay" < less | cmp - less
  # Twenty at once.
  pids=
  for number in $(seq 20); do
    (timeout 20 socat -t 10 - "TCP:127.0.0.1:$port" < less | cmp - less) &
    pids="$pids $!"
  done
  for pid in $pids; do wait "$pid"; done
  ;;
curl)
  url=http://127.0.0.1:$port
  get() { curl --silent --show-error --max-time 20 "$@"; }
  test "$(get "$url/")" = "Coroutines answer."
  # Three requests, one connection.
  test "$(get -o /dev/null -o /dev/null -o /dev/null -w '%{http_code} %{num_connects},' \
    "$url/" "$url/bytes/1000" "$url/nothing")" = "200 1,200 0,404 0,"
  # What is sent after a word of the server's.
  head -c 65536 sent > less
  get --data-binary @less -H 'Expect: 100-continue' "$url/echo" | cmp - less
  test "$(get -o /dev/null -w '%{http_code}' --data-binary @sent "$url/echo")" = 413
  test "$(get -o /dev/null -w '%{http_code}' -H "Long: $(printf '%09000d' 0)" "$url/")" = 431
  test "$(get --http1.0 "$url/")" = "Coroutines answer."
  get --head "$url/bytes/77" | grep -q 'Content-Length: 77'
  test "$(get "$url/bytes/1048576" | wc -c)" = 1048576
  # Fifty at once.
  get --parallel --parallel-max 50 -o '#1.part' "$url/bytes/[1001-1200]"
  for number in $(seq 1001 1200); do test "$(wc -c < "$number.part")" = "$number"; done
  ;;
esac

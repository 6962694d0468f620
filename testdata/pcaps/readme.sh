#!/bin/sh
# Writes the table of README.md out of the comments at the head of the recipes.
set -eu
cd "$(dirname "$0")"
tmp=$(mktemp)
trap 'rm -f "$tmp"' EXIT
{
	sed '/^| capture |/,$d' README.md
	echo '| capture | what it shows | peers |'
	echo '|---|---|---|'
	for recipe in *.recipe; do
		base=${recipe%.recipe}
		file=$(ls "$base".pcap* | head -1)
		if [ -s "$base.keys" ]; then keys=' 🔑'; else keys=; fi
		awk -v file="$file" -v keys="$keys" '
			NR == 1 { next }
			!/^#/ { exit }
			{ sub(/^# ?/, ""); gsub(/  +/, " ") }
			/^(Peers:|Made )/ { second = 1; sub(/^Peers: /, "") }
			second { peers = peers " " $0; next }
			{ what = what " " $0 }
			END {
				sub(/ Debian packages?:.*/, "", peers)
				printf "| `%s`%s |%s |%s |\n", file, keys, what, peers
			}' "$recipe"
	done
} >"$tmp"
cat "$tmp" >README.md

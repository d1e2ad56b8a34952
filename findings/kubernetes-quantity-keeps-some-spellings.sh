#!/usr/bin/env bash
# k8s.io/apimachinery 0.36.3 (Kubernetes 1.36), resource.Quantity:
# a quantity that is decoded and encoded again comes out in the canonical form for some spellings and as it was written
# for others. `1024Mi` becomes `1Gi`, `1000m` becomes `1`, `0.5` becomes `500m`; but `007`, `+2`, `5.` and `1E3` stay.
# Rounding up to thousandths, which the API server does to the resource lists of pods, leaves them as they are, too,
# although all of them are valid and equal `7`, `2`, `5` and `1e3` (Quantity.Cmp says 0).
# Whoever compares what was applied with what is stored, as text, finds a difference in the first kind and none in the
# second, and after normalising by the documented rules it is the other way round.
# Output seen: the lines of `expected` below. Needs Go.
set -euo pipefail

directory=$(mktemp -d)
trap 'chmod -R u+w "$directory"; rm -rf "$directory"' EXIT
cd "$directory"

cat > go.mod <<'MOD'
module finding

go 1.24

require k8s.io/apimachinery v0.36.3
MOD
cat > main.go <<'GO'
package main

import (
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/api/resource"
)

func main() {
	for _, pair := range [][2]string{{"1024Mi", "1Gi"}, {"1000m", "1"}, {"0.5", "500m"}, {"007", "7"}, {"+2", "2"}, {"5.", "5"}, {"1E3", "1e3"}} {
		given, canonical := pair[0], resource.MustParse(pair[1])
		var quantity resource.Quantity
		if err := json.Unmarshal([]byte(`"`+given+`"`), &quantity); err != nil {
			panic(err)
		}
		encoded, _ := json.Marshal(quantity)
		rounded := quantity.DeepCopy()
		rounded.RoundUp(resource.Milli)
		again, _ := json.Marshal(rounded)
		fmt.Printf("%s -> %s, rounded up %s, compared with %s: %d\n", given, encoded, again, pair[1], quantity.Cmp(canonical))
	}
}
GO

expected='1024Mi -> "1Gi", rounded up "1Gi", compared with 1Gi: 0
1000m -> "1", rounded up "1", compared with 1: 0
0.5 -> "500m", rounded up "500m", compared with 500m: 0
007 -> "007", rounded up "007", compared with 7: 0
+2 -> "+2", rounded up "+2", compared with 2: 0
5. -> "5.", rounded up "5.", compared with 5: 0
1E3 -> "1E3", rounded up "1E3", compared with 1e3: 0'

seen=$(GOFLAGS=-mod=mod go run . 2> errors.txt) || { cat errors.txt >&2; exit 1; }
printf '%s\n' "$seen"
[ "$seen" = "$expected" ] || { echo 'this is no longer so' >&2; exit 1; }

#!/usr/bin/env bash
# sigs.k8s.io/structured-merge-diff/v6 6.3.0, the library by which the API server of Kubernetes carries out server-side
# apply: what an applied empty list or map comes to depends on what the same manager applied before.
# Where nothing was ever in them, `[]` and `{}` stay as they are applied. After a single element has been there, applying
# `[]` to a list of type map or set removes the whole field, and applying `{}` to a granular map leaves `null`; only an
# atomic list is `[]` both times. The configuration that is applied is the same.
# A field that the schema of a CustomResourceDefinition calls required is therefore there until it is emptied for the
# first time, and the apply that empties it is refused ("Required value", or "must not be null").
# Output seen: the lines of `expected` below. Needs Go.
set -euo pipefail

directory=$(mktemp -d)
trap 'chmod -R u+w "$directory"; rm -rf "$directory"' EXIT
cd "$directory"

cat > go.mod <<'MOD'
module finding

go 1.24

require sigs.k8s.io/structured-merge-diff/v6 v6.3.0
MOD
cat > main.go <<'GO'
package main

import (
	"fmt"

	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
	"sigs.k8s.io/structured-merge-diff/v6/merge"
	"sigs.k8s.io/structured-merge-diff/v6/typed"
	"sigs.k8s.io/structured-merge-diff/v6/value"
)

const schema = `types:
- name: object
  map:
    fields:
    - name: keyed
      type:
        list:
          elementType:
            map:
              fields:
              - name: id
                type:
                  scalar: string
          elementRelationship: associative
          keys: [id]
    - name: set
      type:
        list:
          elementType:
            scalar: string
          elementRelationship: associative
    - name: atomic
      type:
        list:
          elementType:
            scalar: string
          elementRelationship: atomic
    - name: granular
      type:
        map:
          elementType:
            scalar: string
`

type oneVersion struct{}

func (oneVersion) Convert(object *typed.TypedValue, _ fieldpath.APIVersion) (*typed.TypedValue, error) {
	return object, nil
}
func (oneVersion) IsMissingVersionError(error) bool { return false }

func must[T any](result T, err error) T {
	if err != nil {
		panic(err)
	}
	return result
}

func main() {
	object := must(typed.NewParser(schema)).Type("object")
	parse := func(text string) *typed.TypedValue { return must(object.FromYAML(typed.YAMLObject(text))) }
	builder := merge.UpdaterBuilder{Converter: oneVersion{}, ReturnInputOnNoop: true}
	updater := builder.BuildUpdater()
	const empty = "keyed: []\nset: []\natomic: []\ngranular: {}\n"
	const filled = "keyed: [{id: a}]\nset: [a]\natomic: [a]\ngranular: {a: b}\n"
	live, managers := parse("{}"), fieldpath.ManagedFields{}
	for _, applied := range []string{empty, filled, empty} {
		result, next, err := updater.Apply(live, parse(applied), "v1", managers, "manager", true)
		if err != nil {
			panic(err)
		}
		live, managers = result, next
		fmt.Println(string(must(value.ToJSON(live.AsValue()))))
	}
}
GO

expected='{"atomic":[],"granular":{},"keyed":[],"set":[]}
{"atomic":["a"],"granular":{"a":"b"},"keyed":[{"id":"a"}],"set":["a"]}
{"atomic":[],"granular":null}'

seen=$(GOFLAGS=-mod=mod go run . 2> errors.txt) || { cat errors.txt >&2; exit 1; }
printf '%s\n' "$seen"
[ "$seen" = "$expected" ] || { echo 'this is no longer so' >&2; exit 1; }

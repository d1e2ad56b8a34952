// Reads metrics in Prometheus' text format and prints, as JSON, what a Prometheus makes of them: the families with
// their types and labels, and what promlint has to say.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

type family struct {
	Type   string   `json:"type"`
	Labels []string `json:"labels"`
	Series int      `json:"series"`
}

type report struct {
	Families map[string]family `json:"families"`
	Problems []string          `json:"problems"`
}

func main() {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		fail(err)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		fail(err)
	}
	problems, err := promlint.New(bytes.NewReader(text)).Lint()
	if err != nil {
		fail(err)
	}
	result := report{Families: map[string]family{}, Problems: []string{}}
	for name, each := range families {
		result.Families[name] = family{
			Type:   each.GetType().String(),
			Labels: labelsOf(each.GetMetric()),
			Series: len(each.GetMetric()),
		}
	}
	for _, problem := range problems {
		result.Problems = append(result.Problems, problem.Metric+": "+problem.Text)
	}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		fail(err)
	}
}

// Every label that some series has, sorted; never null.
func labelsOf(series []*dto.Metric) []string {
	names := map[string]struct{}{}
	for _, each := range series {
		for _, label := range each.GetLabel() {
			names[label.GetName()] = struct{}{}
		}
	}
	return append([]string{}, slices.Sorted(maps.Keys(names))...)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

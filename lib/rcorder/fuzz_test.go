package rcorder

import (
	"fmt"
	"slices"
	"testing"
)

// Whatever scripts say, their order is found, though they may wait for each
// other; where they do not, each comes after what it requires.
func FuzzRanks(f *testing.F) {
	const script = "#!/bin/sh\n# PROVIDE: %s\n# REQUIRE: %s\n# BEFORE: %s\n# KEYWORD: shutdown\n\n# PROVIDE: not this\n"
	f.Add(fmt.Sprintf(script, "a", "b c", ""), fmt.Sprintf(script, "b", "", "c"), fmt.Sprintf(script, "c", "", ""))
	f.Add(fmt.Sprintf(script, "a", "b", ""), fmt.Sprintf(script, "b", "c", ""), fmt.Sprintf(script, "c", "a", ""))
	f.Add(fmt.Sprintf(script, "a", "a", "a"), fmt.Sprintf(script, "a", "a b", "b a"), "")
	f.Add("# PROVIDES: a\n# REQUIRES: b\r\n# BEFORE : a\n", "# PROVIDE", "#  REQUIRE: a\n# :\n")
	f.Fuzz(func(t *testing.T, first, second, third string) {
		scripts := []Script{Parse("1", first), Parse("2", second), Parse("3", third)}
		ranks, err := Ranks(scripts)
		if len(ranks) != len(scripts) {
			t.Fatalf("the ranks are %v (%v)", ranks, err)
		}
		if err != nil {
			return
		}
		for _, one := range scripts {
			for _, other := range scripts {
				requires := slices.ContainsFunc(other.Provides, func(condition string) bool { return slices.Contains(one.Requires, condition) })
				before := slices.ContainsFunc(one.Provides, func(condition string) bool { return slices.Contains(other.Before, condition) })
				if one.Name != other.Name && (requires || before) && ranks[one.Name] <= ranks[other.Name] {
					t.Fatalf("%+v has the rank %d, and %+v the rank %d", one, ranks[one.Name], other, ranks[other.Name])
				}
			}
		}
	})
}

package ids

import (
	"encoding/xml"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Nix writes assignments as the Nix expression that models import, in the form
// of Dynamic Disnix's dydisnix-id-assign(1), without a line break at its end.
func (a Assignments) Nix() string {
	var b strings.Builder
	b.WriteString("{\n  \"ids\" = {\n")
	for _, resource := range slices.Sorted(maps.Keys(a.IDs)) {
		fmt.Fprintf(&b, "    %s = {\n", NixString(resource))
		numbers := a.IDs[resource]
		for _, process := range slices.Sorted(maps.Keys(numbers)) {
			fmt.Fprintf(&b, "      %s = %d;\n", NixString(process), numbers[process])
		}
		b.WriteString("    };\n")
	}
	b.WriteString("  };\n")
	if len(a.Last) > 0 {
		b.WriteString("  \"lastAssignments\" = {\n")
		for _, resource := range slices.Sorted(maps.Keys(a.Last)) {
			fmt.Fprintf(&b, "    %s = %d;\n", NixString(resource), a.Last[resource])
		}
		b.WriteString("  };\n")
	}
	b.WriteString("}")
	return b.String()
}

// NixString quotes a string for Nix, whose strings know these escapes; a raw
// carriage return would be read as a line feed.
func NixString(text string) string {
	return `"` + nixEscapes.Replace(text) + `"`
}

var nixEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "\n", `\n`, "\r", `\r`, "\t", `\t`)

// XML writes assignments as XML, in the form of dydisnix-id-assign(1).
func (a Assignments) XML() string {
	var b strings.Builder
	b.WriteString("<ids>\n  <ids>\n")
	for _, resource := range slices.Sorted(maps.Keys(a.IDs)) {
		fmt.Fprintf(&b, "    <resource name=\"%s\">\n", xmlText(resource))
		writeXML(&b, "      ", a.IDs[resource])
		b.WriteString("    </resource>\n")
	}
	b.WriteString("  </ids>\n")
	if len(a.Last) > 0 {
		b.WriteString("  <lastAssignments>\n")
		writeXML(&b, "    ", a.Last)
		b.WriteString("  </lastAssignments>\n")
	}
	b.WriteString("</ids>")
	return b.String()
}

func writeXML(b *strings.Builder, indent string, numbers map[string]int64) {
	for _, name := range slices.Sorted(maps.Keys(numbers)) {
		fmt.Fprintf(b, "%s<assignment name=\"%s\">%d</assignment>\n", indent, xmlText(name), numbers[name])
	}
}

func xmlText(text string) string {
	var b strings.Builder
	// A Builder takes everything.
	_ = xml.EscapeText(&b, []byte(text))
	return b.String()
}

package render

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"nixproc/lib/manager/launchd"
	"nixproc/lib/model"
)

// D20: any values at all give a property list that says what was meant.
func FuzzLaunchd(f *testing.F) { fuzzedLaunchd.fuzz(f) }

var fuzzedLaunchd = fuzzed{
	model: func(t *testing.T, p random) model.Model {
		return modelWith(t, "launchd", launchdSettings{Prefix: "org.nixos.", Store: "/s"}, launchdSpec{Properties: launchd.Properties{
			"Program": "/bin/x", "ProgramArguments": []any{"/bin/x", p.argument}, "WorkingDirectory": p.directory, "Nice": p.nice,
			"EnvironmentVariables": map[string]any{p.variable: p.value}, "RunAtLoad": true, "ServiceDescription": p.description,
		}})
	},
	file: "Library/LaunchDaemons/org.nixos.x.plist",
	says: plistSays,
	read: readPlist,
	mayRefuse: func(p random) bool {
		inXML := func(r rune) bool { // Char in XML 1.0
			return r == '\t' || r == '\n' || r == '\r' || ' ' <= r && r <= 0xd7ff || 0xe000 <= r && r <= 0xfffd || r >= 0x10000
		}
		return p.nice < -20 || p.nice > 20 || p.variable == "" || strings.Contains(p.variable, "=") ||
			strings.ContainsFunc(p.argument+p.directory+p.variable+p.value+p.description, func(r rune) bool { return !inXML(r) })
	},
	real: readByPlistlib,
}

func plistSays(p random) map[string]string {
	return map[string]string{
		".Label": "org.nixos.x", ".Program": "/bin/x", ".ProgramArguments.0": "/bin/x", ".ProgramArguments.1": p.argument,
		".WorkingDirectory": p.directory, ".Nice": strconv.Itoa(p.nice), ".EnvironmentVariables." + p.variable: p.value,
		".RunAtLoad": "true", ".ServiceDescription": p.description,
	}
}

// readPlist reads as plist(5) says, by a parser of XML.
func readPlist(text string) (map[string]string, error) {
	found := map[string]string{}
	decoder := xml.NewDecoder(strings.NewReader(text))
	for {
		token, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local != "plist" {
			if err := readElement(decoder, start, "", found); err != nil {
				return nil, err
			}
			break
		}
	}
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if _, more := token.(xml.StartElement); err != nil || more {
			return nil, fmt.Errorf("after the end comes %v, %w", token, err)
		}
	}
}

func readElement(decoder *xml.Decoder, start xml.StartElement, where string, found map[string]string) error {
	kind := start.Name.Local
	if kind != "dict" && kind != "array" {
		var text string
		if err := decoder.DecodeElement(&text, &start); err != nil {
			return err
		}
		if kind == "true" || kind == "false" {
			text = kind
		}
		if _, again := found[where]; again {
			return fmt.Errorf("%s comes twice", where)
		}
		found[where] = text
		return nil
	}
	key := ""
	for number := 0; ; {
		token, err := decoder.Token()
		if err != nil {
			return err
		}
		switch token := token.(type) {
		case xml.EndElement:
			return nil
		case xml.StartElement:
			if token.Name.Local == "key" {
				if err := decoder.DecodeElement(&key, &token); err != nil {
					return err
				}
				continue
			}
			if kind == "array" {
				key = strconv.Itoa(number)
				number++
			}
			if err := readElement(decoder, token, where+"."+key, found); err != nil {
				return err
			}
			key = ""
		}
	}
}

// readByPlistlib has Python's plistlib read the files.
func readByPlistlib(t *testing.T, all []written) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip(err)
	}
	var texts []string
	for _, one := range all {
		texts = append(texts, one.text)
	}
	input, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("python3", "-c", `
import json, plistlib, sys
def flat(value, where, found):
    if isinstance(value, (dict, list)):
        for key, one in value.items() if isinstance(value, dict) else enumerate(value):
            flat(one, f"{where}.{key}", found)
    else:
        found[where] = str(value).lower() if isinstance(value, bool) else str(value)
    return found
json.dump([flat(plistlib.loads(text.encode()), "", {}) for text in json.load(sys.stdin)], sys.stdout)
`)
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(input), &stderr
	out, err := cmd.Output()
	var found []map[string]string
	if err == nil {
		err = json.Unmarshal(out, &found)
	}
	if err != nil || len(found) != len(all) {
		t.Fatalf("%v, %d files read\n%s", err, len(found), &stderr)
	}
	for i, one := range all {
		same(t, found[i], plistSays(one.random), one.text)
	}
}

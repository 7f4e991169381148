package cygrunsrv

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"nixproc/lib/manifest"
	"nixproc/lib/quote"
)

// Suffix of the files with parameters, in the top directory of a profile.
const Suffix = "-cygrunsrvparams"

// Prefix of the names of services, if a model does not say otherwise.
const Prefix = "nix-process-"

// Lines writes parameters as the file has them: one argument a line.
func Lines(parameters []string) ([]byte, error) {
	for _, one := range parameters {
		if strings.ContainsAny(one, "\n\x00") {
			return nil, fmt.Errorf("a params file has one argument a line, so %q can't be in it", one)
		}
	}
	return []byte(strings.Join(parameters, "\n") + "\n"), nil
}

// Parameters reads what Lines wrote. The framework before this put the variables
// into quotes, as if a shell were to read them.
func Parameters(content []byte) []string {
	text := strings.TrimSuffix(string(content), "\n")
	if text == "" {
		return nil
	}
	lines := strings.Split(text, "\n")
	for i := 1; i < len(lines); i++ {
		if value, found := strings.CutPrefix(lines[i], "'"); found && lines[i-1] == "--env" && strings.HasSuffix(value, "'") {
			lines[i] = strings.ReplaceAll(strings.TrimSuffix(value, "'"), `\'`, "'")
		}
	}
	return lines
}

// flags are the options without a value that a params file may have.
var flags = []string{"--interactive", "--neverexits", "--nohide", "--preshutdown", "--shutdown"}

// options are the values of the parameters, by option.
func options(parameters []string) map[string][]string {
	found := map[string][]string{}
	for i := 0; i < len(parameters); i++ {
		option := parameters[i]
		if slices.Contains(flags, option) || i+1 == len(parameters) {
			found[option] = append(found[option], "")
			continue
		}
		i++
		found[option] = append(found[option], parameters[i])
	}
	return found
}

// Key is what the parameters mean, however they are quoted and ordered. All of
// it counts: cygrunsrv can change nothing of a service that is installed.
func Key(content []byte) (string, error) {
	meant, err := meaning(content)
	if err != nil {
		return "", err
	}
	canonical, err := json.Marshal(meant)
	return manifest.Digest(canonical), err
}

func meaning(content []byte) (map[string][]string, error) {
	meant := options(Parameters(content))
	for i, text := range meant["--args"] {
		words, err := json.Marshal(quote.CygrunsrvWords(text))
		if err != nil {
			return nil, err
		}
		meant["--args"][i] = string(words)
	}
	for _, option := range []string{"--dep", "--env"} {
		slices.Sort(meant[option])
	}
	return meant, nil
}

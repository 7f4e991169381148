package tests

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// awkwardKinds are texts that something on the way from a model to a process
// could take for its own: Nix, a shell, a configuration file, a command line.
var awkwardKinds = map[string]string{
	"spaces":       "  ",
	"percent":      "%",
	"specifiers":   "%n %%i %H",
	"formats":      "%(here)s %%(here)s %(program_name)s",
	"dollar":       "$HOME",
	"dollars":      "${HOME} $$ $1 $(id) $((1+1)) $",
	"backtick":     "`id`",
	"single":       "'",
	"double":       `"`,
	"both":         `'"`,
	"backslash":    `\`,
	"backslashes":  `\n\\\x41\'`,
	"markup":       "<&>",
	"semicolon":    ";",
	"comment":      " ; ",
	"hash":         "#",
	"hashComment":  "\n # ",
	"newline":      "\n",
	"sections":     "\n\n[Service]\nUser=nobody\n[program:x]\n",
	"tab":          "\t",
	"accents":      "é",
	"characters":   "漢字 – 🙂\u00a0",
	"empty":        "",
	"long":         strings.Repeat("10 kB; ", 1500),
	"glob":         "* ? [a-z] {a,b} ~",
	"options":      "-n --x=y",
	"assignment":   "A=b,C=\"d\"",
	"control":      "\x01\x1b[0m\x7f",
	"carriage":     "\r",
	"exclamations": "!:!! @+|",
}

// awkwardValues are made at run time: each kind alone, at either end of a random
// word, between two, and kinds in a row. All of them have a name.
func awkwardValues(t *testing.T) map[string]string {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("random seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	word := func() string { return string(rune('a'+random.IntN(26))) + fmt.Sprint(random.IntN(1000)) }
	values := map[string]string{}
	kinds := slices.Sorted(maps.Keys(awkwardKinds))
	for _, kind := range kinds {
		text := awkwardKinds[kind]
		values[kind] = text
		if kind == "empty" || kind == "long" {
			continue
		}
		values[kind+"First"] = text + word()
		values[kind+"Last"] = word() + text
		values[kind+"Between"] = word() + " " + text + word() + text
	}
	for i := range 60 {
		var row strings.Builder
		for range 1 + random.IntN(5) {
			if kind := kinds[random.IntN(len(kinds))]; kind != "long" {
				row.WriteString(awkwardKinds[kind] + word()[:random.IntN(2)])
			}
		}
		values[fmt.Sprintf("row%d", i)] = row.String()
	}
	return values
}

// divided gives the values that have to arrive at a place, and those that have
// to be refused there.
func (c managerCase) divided(place string, values map[string]string) (arrive, refused map[string]string) {
	arrive, refused = map[string]string{}, map[string]string{}
	for name, value := range values {
		if c.refuses(place, value) == "" {
			arrive[name] = value
		} else {
			refused[name] = value
		}
	}
	return arrive, refused
}

// probe gives the options and the model for processes that write down how they
// were started.
func (d *deployment) probe(environment map[string]any, arguments []string) []string {
	d.t.Helper()
	asJSON := func(name string, value any) string {
		data, err := json.Marshal(value)
		if err != nil {
			d.t.Fatal(err)
		}
		return d.write(name, string(data))
	}
	return []string{
		"--extra-params", fmt.Sprintf(`{ environmentFile = %q; argsFile = %q; nixproc = %s; }`,
			asJSON("environment.json", environment), asJSON("arguments.json", arguments), absolute(d.t, "../nixproc")),
		example(d.t, "..", "tests", "probe", "processes.nix"),
	}
}

// What a manager can't take is refused before anything is built or touched, with
// the process, the field and the reason (D20).
func TestValuesThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range managerCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := newDeployment(t)
			calls := d.countCalls()
			refuse := func(environment map[string]any, arguments []string, wants ...string) {
				t.Helper()
				calls()
				r := d.nixproc(slices.Concat(c.command, []string{"--host-packages", "--state-dir", d.path("state")}, d.probe(environment, arguments))...)
				if r.code != 65 {
					t.Errorf("exit code %d\n%s", r.code, r.stderr)
				}
				for _, want := range wants {
					if !strings.Contains(r.stderr, want) {
						t.Errorf("the message lacks %q:\n%s", want, r.stderr)
					}
				}
				if called := calls(); slices.Contains(called, "nix-store --realise") {
					t.Errorf("something was built: %q", called)
				}
				if _, err := os.Lstat(d.path("state")); err == nil {
					t.Error("a refused model made the state directory")
				}
			}
			values := awkwardValues(t)
			_, refused := c.divided(inVariable, values)
			variables := map[string]any{}
			var wants []string
			for name, value := range refused {
				variables["V_"+name] = value
				wants = append(wants, "environment: the value of V_"+name+" ", c.refuses(inVariable, value))
			}
			if len(variables) > 0 {
				refuse(variables, []string{}, append(wants, "process 'npforegroundroot'", "process 'npdaemonuser'")...)
			}
			// Nix tells of the first alone: one for each reason.
			_, refused = c.divided(asArgument, values)
			seen := map[string]bool{}
			for _, name := range slices.Sorted(maps.Keys(refused)) {
				reason := c.refuses(asArgument, refused[name])
				if !seen[reason] {
					refuse(map[string]any{}, []string{"x", refused[name]}, "process 'np", "args: ", reason)
				}
				seen[reason] = true
			}
		})
	}
}

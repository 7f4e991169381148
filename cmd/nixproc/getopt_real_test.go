package main

import (
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
)

// Thousands of random command lines, made of the options that the command has
// and of what comes near them, are taken as the real getopt(1) takes them.
//
// The options that yield to others are left out: to getopt they would make an
// abbreviation ambiguous, --switch for one.
func TestAgainstRealGetopt(t *testing.T) {
	program, err := exec.LookPath("getopt")
	if err != nil {
		t.Skip("there is no getopt(1) here")
	}
	if exec.Command(program, "-T").Run() == nil {
		t.Skip("getopt(1) is not that of util-linux")
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	for name, command := range commands() {
		t.Run(name, func(t *testing.T) {
			flags := flagsOf(command.set)
			accepted, refused := 0, 0
			for range 600 {
				args := randomLine(random, flags)
				strict := random.IntN(4) == 0
				want, ok := realGetopt(t, program, flags, args, strict)
				settings, operands, err := getopt(flags, args, strict)
				if ok != (err == nil) {
					t.Fatalf("%q, strictly %v: getopt accepts it: %v; we: %v", args, strict, ok, err)
				}
				if !ok {
					refused++
					continue
				}
				accepted++
				if got := words(settings, operands); !slices.Equal(got, want) {
					t.Fatalf("%q, strictly %v:\ngot  %q\nwant %q", args, strict, got, want)
				}
			}
			if accepted < 100 || refused < 100 {
				t.Errorf("%d lines were accepted and %d refused: that says little", accepted, refused)
			}
		})
	}
}

// realGetopt gives what getopt(1) makes of a command line; false if it refuses.
func realGetopt(t *testing.T, program string, flags *pflag.FlagSet, args []string, strict bool) ([]string, bool) {
	t.Helper()
	short, long := "", []string{}
	takesValue := map[string]bool{}
	names := map[string]string{}
	flags.VisitAll(func(flag *pflag.Flag) {
		if flags.Lookup(yields[flag.Name]) != nil {
			return
		}
		colon := ":"
		if isSwitch(flag) {
			colon = ""
		}
		long = append(long, flag.Name+colon)
		takesValue[flag.Name] = colon != ""
		if flag.Shorthand != "" {
			short += flag.Shorthand + colon
			names["-"+flag.Shorthand] = flag.Name
		}
	})
	cmd := exec.Command(program, append([]string{"-q", "-o", short, "-l", strings.Join(long, ","), "--"}, args...)...)
	cmd.Env = []string{"LC_ALL=C"}
	if strict {
		cmd.Env = append(cmd.Env, "POSIXLY_CORRECT=")
	}
	out, err := cmd.Output()
	if err != nil {
		return nil, false
	}
	var parsed []string
	tokens := unquote(t, string(out))
	for i := 0; i < len(tokens); i++ {
		if tokens[i] == "--" {
			return append(parsed, tokens[i:]...), true
		}
		name := names[tokens[i]]
		if name == "" {
			name = strings.TrimPrefix(tokens[i], "--")
		}
		if takesValue[name] {
			i++
			parsed = append(parsed, "--"+name+"="+tokens[i])
		} else {
			parsed = append(parsed, "--"+name)
		}
	}
	t.Fatalf("getopt printed no --: %s", out)
	return nil, false
}

// unquote splits what getopt(1) prints for a shell: words, most of them between
// single quotes.
func unquote(t *testing.T, text string) (tokens []string) {
	t.Helper()
	text = strings.TrimSuffix(text, "\n")
	var token strings.Builder
	inToken, quoted := false, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\'':
			quoted, inToken = !quoted, true
		case c == '\\' && !quoted:
			i++
			token.WriteByte(text[i])
			inToken = true
		case c == ' ' && !quoted:
			if inToken {
				tokens = append(tokens, token.String())
			}
			token.Reset()
			inToken = false
		default:
			token.WriteByte(c)
			inToken = true
		}
	}
	if quoted {
		t.Fatalf("an open quote: %s", text)
	}
	if inToken {
		tokens = append(tokens, token.String())
	}
	return tokens
}

// randomLine makes a command line of up to five words.
func randomLine(random *rand.Rand, flags *pflag.FlagSet) []string {
	var long, short []string
	flags.VisitAll(func(flag *pflag.Flag) {
		if flags.Lookup(yields[flag.Name]) == nil {
			long = append(long, flag.Name)
		}
		if flag.Shorthand != "" {
			short = append(short, flag.Shorthand)
		}
	})
	values := []string{"x", "processes.nix", "a b", "", "-", "--", "it's", "=", "5", "--undeploy", "-p", "-h", "$x", "\\"}
	pick := func(from []string) string { return from[random.IntN(len(from))] }
	args := make([]string, random.IntN(6))
	for i := range args {
		name := pick(long)
		switch random.IntN(9) {
		case 0, 1:
			args[i] = pick(values)
		case 2:
			args[i] = "--" + name
		case 3:
			args[i] = "--" + name[:1+random.IntN(len(name))]
		case 4:
			args[i] = "--" + name[:1+random.IntN(len(name))] + "=" + pick(values)
		case 5:
			args[i] = "--" + name + "=" + pick(values)
		case 6:
			args[i] = "-" + pick(short)
		case 7:
			args[i] = "-" + pick(short) + pick(short) + pick([]string{"", "x", "=y", pick(short)})
		case 8:
			args[i] = pick([]string{"--no-such", "-Z", "-h-", "--=", "---", "--" + name + "x", "-" + pick(short) + pick(values)})
		}
	}
	return args
}

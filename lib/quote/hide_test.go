package quote

import (
	"slices"
	"testing"
)

func TestHide(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ words, shown, values []string }{
		{[]string{"docker", "create", "--env", "A=b=c", "--name", "x"}, []string{"docker", "create", "--env", "A=***", "--name", "x"}, []string{"b=c"}},
		{[]string{"docker", "-e", "a-b.c=1 2\n3"}, []string{"docker", "-e", "a-b.c=***"}, []string{"1 2\n3"}},
		{[]string{"--env=A=", "--env=B=x", "--env", "C"}, []string{"--env=A=", "--env=B=***", "--env", "C"}, []string{"x"}},
		{[]string{"env", "_A1=é", "nice"}, []string{"env", "_A1=***", "nice"}, []string{"é"}},
		{[]string{"/sbin/useradd", "-p", "$6$x$y", "a"}, []string{"/sbin/useradd", "-p", "***", "a"}, []string{"$6$x$y"}},
		{[]string{"useradd", "-p", "!"}, []string{"useradd", "-p", "!"}, nil},
		{[]string{"other", "-p", "abc"}, []string{"other", "-p", "abc"}, nil},
		{[]string{"--label", "nixproc.profile=/a", "--lines=10"}, []string{"--label", "nixproc.profile=/a", "--lines=10"}, nil},
	} {
		if shown, values := Hide(test.words); !slices.Equal(shown, test.shown) || !slices.Equal(values, test.values) {
			t.Errorf("%q: got %q without %q, want %q without %q", test.words, shown, values, test.shown, test.values)
		}
	}
}

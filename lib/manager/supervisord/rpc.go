package supervisord

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"nixproc/lib/run"
	"nixproc/lib/seam"
)

// server is a supervisord, asked by http://supervisord.org/api.html, which is
// XML-RPC (http://xmlrpc.com/spec.md) over HTTP: of its types, those that this
// interface uses. supervisorctl does the same, in a quarter of a second for each
// call and, to stop programs, one after the other.
type server struct {
	http               *http.Client
	address            string // as supervisorctl takes it
	url                string
	username, password string
}

// callTimeout bounds a call: none of ours waits for a program.
const callTimeout = time.Minute

// newServer gives the supervisord at an address as supervisorctl takes it:
// http://HOST:PORT, or unix://PATH.
func newServer(address, username, password string) (*server, error) {
	transport := &http.Transport{} // without a proxy, whatever the environment says
	s := &server{&http.Client{Transport: transport}, address, address + "/RPC2", username, password}
	path, isSocket := strings.CutPrefix(address, "unix://")
	switch {
	case isSocket:
		s.url = "http://supervisord/RPC2"
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", path)
		}
	case !strings.HasPrefix(address, "http://"):
		return nil, fmt.Errorf("serverurl %q is neither http://HOST:PORT nor unix://PATH", address)
	}
	return s, nil
}

// fault is what supervisord answers to a call that it refuses.
type fault struct {
	code int
	text string
}

func (f *fault) Error() string { return f.text }

// notRunning is the code of the refusal to stop what does not run.
const notRunning = 70

// call calls one method. What it gives is a string, an int, a bool, []any or
// map[string]any; a refusal is a *fault.
func (s *server) call(ctx context.Context, method string, params ...any) (any, error) {
	timeout := min(callTimeout, run.Timeout(ctx))
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("not within %s", timeout))
	defer cancel()
	if err := seam.Call(ctx, "call "+method); err != nil {
		return nil, err
	}
	var body bytes.Buffer
	body.WriteString("<?xml version='1.0'?><methodCall><methodName>" + method + "</methodName><params>")
	for _, param := range params {
		body.WriteString("<param>")
		write(&body, param)
		body.WriteString("</param>")
	}
	body.WriteString("</params></methodCall>")
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, &body)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "text/xml")
	if s.username != "" {
		request.SetBasicAuth(s.username, s.password)
	}
	response, err := s.http.Do(request)
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err // the address in front of it is one that nobody knows
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("supervisord does not answer: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, errors.New("supervisord answers " + response.Status)
	}
	data, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if err := seam.After("call " + method); err != nil {
		return nil, err
	}
	return answer(data)
}

// all calls one method for each of the names, by one request. It gives the
// refusals by name.
func (s *server) all(ctx context.Context, method string, names []string, more ...any) (map[string]error, error) {
	if len(names) == 0 {
		return nil, nil
	}
	calls := make([]any, len(names))
	for i, name := range names {
		calls[i] = map[string]any{"methodName": method, "params": append([]any{name}, more...)}
	}
	got, err := s.call(ctx, "system.multicall", calls)
	if err != nil {
		return nil, err
	}
	results, _ := got.([]any)
	if len(results) != len(names) {
		return nil, fmt.Errorf("supervisord gave %d answers to %d calls of %s", len(results), len(names), method)
	}
	refused := map[string]error{}
	for i, result := range results {
		if refusal := faultIn(result); refusal != nil {
			refused[names[i]] = refusal
		}
	}
	return refused, nil
}

func faultIn(value any) error {
	fields, _ := value.(map[string]any)
	code, isFault := fields["faultCode"].(int)
	if !isFault {
		return nil
	}
	text, _ := fields["faultString"].(string)
	if match := repeated.FindStringSubmatch(text); match != nil {
		text = run.Without(text, match[1]+match[2])
	}
	return &fault{code, text}
}

// repeated is what supervisord repeats of a file that it can't read: a whole
// setting, which may be the environment (datatypes.py, options.py).
var repeated = regexp.MustCompile(`(?s)Format string ['"](.+)['"] for ['"]|pairs in value '(.+)'`)

func write(b *bytes.Buffer, value any) {
	b.WriteString("<value>")
	switch value := value.(type) {
	case string:
		b.WriteString("<string>")
		_ = xml.EscapeText(b, []byte(value)) // a buffer takes all
		b.WriteString("</string>")
	case int:
		b.WriteString("<int>" + strconv.Itoa(value) + "</int>")
	case bool:
		b.WriteString(map[bool]string{true: "<boolean>1</boolean>", false: "<boolean>0</boolean>"}[value])
	case []any:
		b.WriteString("<array><data>")
		for _, element := range value {
			write(b, element)
		}
		b.WriteString("</data></array>")
	case map[string]any:
		b.WriteString("<struct>")
		for name, member := range value {
			b.WriteString("<member><name>")
			_ = xml.EscapeText(b, []byte(name))
			b.WriteString("</name>")
			write(b, member)
			b.WriteString("</member>")
		}
		b.WriteString("</struct>")
	}
	b.WriteString("</value>")
}

// value of an answer, of any type.
type value struct {
	String  *string `xml:"string"`
	Int     *int    `xml:"int"`
	I4      *int    `xml:"i4"`
	Boolean *int    `xml:"boolean"`
	Array   *struct {
		Elements []value `xml:"data>value"`
	} `xml:"array"`
	Struct *struct {
		Members []struct {
			Name  string `xml:"name"`
			Value value  `xml:"value"`
		} `xml:"member"`
	} `xml:"struct"`
	Text string `xml:",chardata"`
}

// answer reads a methodResponse. The last words of programs may have characters
// in them that XML has not; supervisord passes them on.
func answer(data []byte) (any, error) {
	data = bytes.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff {
			return '?'
		}
		return r
	}, bytes.ToValidUTF8(data, []byte("?")))
	var response struct {
		Params []value `xml:"params>param>value"`
		Fault  *value  `xml:"fault>value"`
	}
	if err := xml.Unmarshal(data, &response); err != nil {
		return nil, fmt.Errorf("supervisord's answer can't be read: %w", err)
	}
	if response.Fault != nil {
		if err := faultIn(response.Fault.plain()); err != nil {
			return nil, err
		}
	}
	if len(response.Params) != 1 {
		return nil, errors.New("supervisord's answer has no value")
	}
	return response.Params[0].plain(), nil
}

func (v value) plain() any {
	switch {
	case v.String != nil:
		return *v.String
	case v.Int != nil:
		return *v.Int
	case v.I4 != nil:
		return *v.I4
	case v.Boolean != nil:
		return *v.Boolean == 1
	case v.Struct != nil:
		fields := make(map[string]any, len(v.Struct.Members))
		for _, member := range v.Struct.Members {
			fields[member.Name] = member.Value.plain()
		}
		return fields
	case v.Array != nil:
		elements := make([]any, len(v.Array.Elements))
		for i, element := range v.Array.Elements {
			elements[i] = element.plain()
		}
		return elements
	}
	return v.Text
}

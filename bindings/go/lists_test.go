// The lists and numbers of rq.h, which has them from the core: the binding has each, and no other.

package rq

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func header(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../include/rq.h")
	must(t, err)
	return string(text)
}

// numbers are the constants of the header whose names begin with prefix.
func numbers(t *testing.T, prefix string) map[string]int {
	t.Helper()
	found := make(map[string]int)
	pattern := regexp.MustCompile(`(?m)^  (` + prefix + `\w+) = (\d+),$`)
	for _, match := range pattern.FindAllStringSubmatch(header(t), -1) {
		number, err := strconv.Atoi(match[2])
		must(t, err)
		found[match[1]] = number
	}
	if len(found) == 0 {
		t.Fatalf("the header has no %s", prefix)
	}
	return found
}

// sources are the package's files, without its tests.
func sources(t *testing.T) (*token.FileSet, []*ast.File) {
	t.Helper()
	set := token.NewFileSet()
	packages, err := parser.ParseDir(set, ".", func(info fs.FileInfo) bool {
		return !strings.HasSuffix(info.Name(), "_test.go")
	}, parser.ParseComments)
	must(t, err)
	return set, slices.Collect(maps.Values(packages["rq"].Files))
}

// taken are the constants of the package that are C's: by C's names.
func taken(t *testing.T, prefix string) map[string]string {
	t.Helper()
	found := make(map[string]string)
	_, files := sources(t)
	for _, file := range files {
		ast.Inspect(file, func(node ast.Node) bool {
			spec, is := node.(*ast.ValueSpec)
			if !is || len(spec.Values) != 1 {
				return true
			}
			selector, is := spec.Values[0].(*ast.SelectorExpr)
			if is && strings.HasPrefix(selector.Sel.Name, prefix) {
				found[selector.Sel.Name] = spec.Names[0].Name
			}
			return true
		})
	}
	return found
}

func TestConstantsAreTheHeaders(t *testing.T) {
	for _, prefix := range []string{"RQ_ERR_", "RQ_STEP_", "RQ_TLS_"} {
		want := slices.Sorted(maps.Keys(numbers(t, prefix)))
		if got := slices.Sorted(maps.Keys(taken(t, prefix))); !slices.Equal(got, want) {
			t.Errorf("%v, and the header has %v", got, want)
		}
	}
}

// letters are a name's, however its words are put together: RQ_ERR_INVALID_URL, ErrInvalidURL.
func letters(name, prefix string) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(name, prefix)), "_", "")
}

func TestConstantsAreNamedAsTheHeaders(t *testing.T) {
	for c, name := range taken(t, "RQ_ERR_") {
		if letters(c, "RQ_ERR_") != letters(name, "Err") {
			t.Errorf("%s is %s", name, c)
		}
	}
	for c, name := range taken(t, "RQ_STEP_") {
		if letters(c, "RQ_STEP_") != letters(name, "Step") {
			t.Errorf("%s is %s", name, c)
		}
	}
}

func TestCodesAreTheLibrarys(t *testing.T) {
	known := map[int]string{0: "RQ_OK"}
	for name, number := range numbers(t, "RQ_ERR_") {
		known[number] = name
	}
	for number := range 1000 {
		want, is := known[number]
		if !is {
			want = "RQ_ERR_UNKNOWN"
		}
		if got := Code(number).Error(); got != want {
			t.Errorf("%d is %s, not %s", number, got, want)
		}
	}
}

func TestStepsHaveTheHeadersNames(t *testing.T) {
	steps := numbers(t, "RQ_STEP_")
	for name, number := range steps {
		if got := Step(number).String(); "RQ_STEP_"+strings.ToUpper(got) != name {
			t.Errorf("%d is %q, not %s", number, got, name)
		}
	}
	if len(stepNames) != len(steps) {
		t.Errorf("%v", stepNames)
	}
}

func TestWordsOfErrorsAreTheLibrarys(t *testing.T) {
	reasons := Reasons()
	for reason := range refusals {
		if !slices.Contains(reasons, reason) {
			t.Errorf("%q is no reason", reason)
		}
	}
	for phase := range operations {
		if !strings.Contains(header(t), "`\""+phase+"\"`") {
			t.Errorf("%q is no phase", phase)
		}
	}
}

// Every setting of the library's can be set.
func TestEverySettingIsAnOption(t *testing.T) {
	var all strings.Builder
	names, err := fs.Glob(os.DirFS("."), "*.*")
	must(t, err)
	for _, name := range names {
		if !strings.HasSuffix(name, "_test.go") {
			text, err := os.ReadFile(name)
			must(t, err)
			all.Write(text)
		}
	}
	settings := regexp.MustCompile(`\brq_(?:opts|request|part|reply)_\w+\(`)
	for _, call := range settings.FindAllString(header(t), -1) {
		if !strings.Contains(all.String(), call) {
			t.Errorf("%s is not called", call)
		}
	}
}

// A default is the library's: the binding only tells of it, in the same numbers.
func TestDefaultsAreTheHeaders(t *testing.T) {
	for _, test := range []struct{ setting, inHeader, option, inDoc string }{
		{"rq_opts_timeout_ms", "Defaults: 10,000 and 60,000.", "Timeout", "10 and 60 seconds"},
		{"rq_opts_deadline_ms", "0: none, the default.", "Deadline", "Zero is no limit, and the default"},
		{"rq_opts_redirects_max", "default 30.", "MaxRedirects", "The default is 30"},
		{"rq_opts_retries", "default 0.", "Retries", "They are not, unless told so"},
		{"rq_opts_retry_after_max_ms", "default 60,000.", "Retry", "0: 60 seconds"},
		{"rq_opts_pool", "(defaults 100 and 10)", "Pool", "The defaults are 100, 10 and 0"},
		{"rq_opts_pool", "0 open: no limit, the default.", "Pool", "0 is no limit"},
		{"rq_opts_idle_age_ms", "default 90,000.", "IdleAge", "The default is 90 seconds"},
		{"rq_opts_tls_min", "`RQ_TLS_1_2` (the default)", "MinTLS", "The default is TLS12"},
		{"rq_opts_body_max", "0: any number, the default.", "MaxBody", "limit, and the default"},
		{"rq_opts_decoded_max", "0: any number, the default.", "MaxDecoded", "limit, and the default"},
	} {
		if text := wordsAbove(t, test.setting); !strings.Contains(text, test.inHeader) {
			t.Errorf("%s: no %q in %q", test.setting, test.inHeader, text)
		}
		if text := docOf(t, test.option); !strings.Contains(text, test.inDoc) {
			t.Errorf("%s: no %q in %q", test.option, test.inDoc, text)
		}
	}
}

// wordsAbove is the header's comment on a function, as one line.
func wordsAbove(t *testing.T, function string) string {
	t.Helper()
	before, _, found := strings.Cut(header(t), "\nvoid "+function+"(")
	if !found {
		t.Fatalf("the header has no %s", function)
	}
	comment := before[strings.LastIndex(before, "/**"):]
	return strings.Join(strings.Fields(strings.ReplaceAll(comment, "\n *", " ")), " ")
}

func documentation(t *testing.T) *doc.Package {
	t.Helper()
	set, files := sources(t)
	pages, err := doc.NewFromFiles(set, files, "github.com/librq/librq/bindings/go")
	must(t, err)
	return pages
}

// docOf is the documentation of a function or a type with its fields, as one line.
func docOf(t *testing.T, name string) string {
	t.Helper()
	text := ""
	pages := documentation(t)
	for _, typ := range pages.Types {
		if typ.Name == name {
			text += typ.Doc + fieldDocs(typ.Decl)
		}
		for _, function := range typ.Funcs {
			if function.Name == name {
				text += function.Doc
			}
		}
	}
	for _, function := range pages.Funcs {
		if function.Name == name {
			text += function.Doc
		}
	}
	return strings.Join(strings.Fields(text), " ")
}

func fieldDocs(declaration ast.Node) (text string) {
	ast.Inspect(declaration, func(node ast.Node) bool {
		if field, is := node.(*ast.Field); is {
			text += " " + field.Doc.Text() + field.Comment.Text()
		}
		return true
	})
	return text
}

// Every exported name is documented, in words that begin with it.
func TestEveryNameIsDocumented(t *testing.T) {
	pages := documentation(t)
	check := func(kind, name, text string) {
		begins := regexp.MustCompile(`^(?:(?:A|An|The) )?` + name + `\b`)
		if ast.IsExported(name) && !begins.MatchString(text) {
			t.Errorf("%s %s: %q", kind, name, text)
		}
	}
	functions := slices.Clone(pages.Funcs)
	for _, typ := range pages.Types {
		check("type", typ.Name, typ.Doc)
		functions = append(functions, typ.Funcs...)
		for _, method := range typ.Methods {
			if method.Name != "Error" && method.Name != "Header" && method.Recv != "*recorder" {
				check("method", method.Name, method.Doc)
			}
		}
		for _, group := range typ.Consts {
			if group.Doc == "" {
				t.Errorf("constants %v", group.Names)
			}
			for _, spec := range group.Decl.Specs {
				value := spec.(*ast.ValueSpec)
				if value.Comment.Text() == "" && typ.Name != "TLSVersion" {
					t.Errorf("constant %v", value.Names)
				}
			}
		}
	}
	for _, function := range functions {
		check("function", function.Name, function.Doc)
	}
	if pages.Doc == "" || len(functions) < 50 {
		t.Error(fmt.Sprint(len(functions), " functions"))
	}
}

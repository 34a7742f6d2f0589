package apply

import "context"

// tellKey is the key of the function that an action tells its progress with.
type tellKey struct{}

// Tell tells how far an action has come, to the Progress of the run that its context is from: a few words without a secret. Outside of a run it does nothing.
func Tell(ctx context.Context, words string) {
	if tell, ok := ctx.Value(tellKey{}).(func(string)); ok {
		tell(words)
	}
}

func withTell(ctx context.Context, tell func(words string)) context.Context {
	return context.WithValue(ctx, tellKey{}, tell)
}

package client

import (
	"context"
	"encoding/base64"
	"errors"
	"io"

	"github.com/apache/arrow-go/v18/arrow/flight"
	"google.golang.org/grpc/metadata"
)

// errNoToken is the error of a login that the server let pass without a session token.
var errNoToken = errors.New("the server answers the login without a session token")

// Login trades a user's password for a session token. Calls with the context it
// returns have it with them. It reads the answer to its end: arrow-go's
// AuthenticateBasicToken takes up the trailer before, while it may still come in.
func Login(ctx context.Context, c flight.Client, user, password string) (context.Context, error) {
	basic := base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
	stream, err := c.Handshake(metadata.AppendToOutgoingContext(ctx, "authorization", "Basic "+basic))
	if err != nil {
		return ctx, err
	}
	if err := stream.CloseSend(); err != nil {
		return ctx, err
	}
	for err == nil {
		_, err = stream.Recv()
	}
	if !errors.Is(err, io.EOF) {
		return ctx, err
	}
	header, err := stream.Header()
	if err != nil {
		return ctx, err
	}
	for _, token := range metadata.Join(header, stream.Trailer()).Get("authorization") {
		if token != "" {
			return metadata.AppendToOutgoingContext(ctx, "authorization", token), nil
		}
	}
	return ctx, errNoToken
}

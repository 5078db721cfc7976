package sql

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow/flight"
	pb "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"
)

// Names of session options that are not settings of the engine.
const (
	catalogOption = "catalog"
	schemaOption  = "schema"
)

// option is an option of the protocol, not of the engine.
func (c *client) option(key string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.options[key]
}

// SetSessionOptions implements flightsql.Server: catalog, schema, and any
// setting of the engine. Errors are told option by option.
func (s *Server) SetSessionOptions(ctx context.Context, req *flight.SetSessionOptionsRequest) (*flight.SetSessionOptionsResult, error) {
	c, release, err := s.client(ctx)
	if err != nil {
		return nil, s.failed(ctx, "", err)
	}
	defer release()
	out := &flight.SetSessionOptionsResult{Errors: map[string]*flight.SetSessionOptionsResultError{}}
	keys := make([]string, 0, len(req.GetSessionOptions()))
	for k := range req.GetSessionOptions() {
		keys = append(keys, k)
	}
	slices.Sort(keys) // catalog comes before schema, which is one of it
	for _, k := range keys {
		if why := c.setOption(ctx, k, req.GetSessionOptions()[k]); why != pb.SetSessionOptionsResult_UNSPECIFIED {
			out.Errors[k] = &flight.SetSessionOptionsResultError{Value: why}
		}
	}
	return out, nil
}

func (c *client) setOption(ctx context.Context, key string, v *flight.SessionOptionValue) pb.SetSessionOptionsResult_ErrorValue {
	value, set, ok := optionText(v)
	if !ok {
		return pb.SetSessionOptionsResult_INVALID_VALUE
	}
	var err error
	switch key {
	case catalogOption:
		err = c.session.Use(ctx, value, "")
	case schemaOption:
		err = c.session.Use(ctx, "", value)
	case compressionOption:
		if !slices.Contains([]string{"", "none", "lz4", "zstd"}, value) {
			return pb.SetSessionOptionsResult_INVALID_VALUE
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if delete(c.options, key); value != "" {
			c.options[key] = value
		}
		return pb.SetSessionOptionsResult_UNSPECIFIED
	default:
		if !c.session.HasOption(key) {
			return pb.SetSessionOptionsResult_INVALID_NAME
		}
		if set {
			err = c.session.SetOption(key, value)
		} else {
			err = c.session.ResetOption(key)
		}
	}
	if err != nil {
		return pb.SetSessionOptionsResult_INVALID_VALUE
	}
	return pb.SetSessionOptionsResult_UNSPECIFIED
}

// optionText is the text of an option's value; set is false for the value that unsets it.
func optionText(v *flight.SessionOptionValue) (text string, set, ok bool) {
	switch v := v.GetOptionValue().(type) {
	case nil:
		return "", false, true
	case *pb.SessionOptionValue_StringValue:
		return v.StringValue, true, true
	case *pb.SessionOptionValue_BoolValue:
		return strconv.FormatBool(v.BoolValue), true, true
	case *pb.SessionOptionValue_Int64Value:
		return strconv.FormatInt(v.Int64Value, 10), true, true
	case *pb.SessionOptionValue_DoubleValue:
		return fmt.Sprint(v.DoubleValue), true, true
	}
	return "", false, false // lists of strings: no setting has such a value
}

// GetSessionOptions implements flightsql.Server.
func (s *Server) GetSessionOptions(ctx context.Context, _ *flight.GetSessionOptionsRequest) (*flight.GetSessionOptionsResult, error) {
	c, release, err := s.client(ctx)
	if err != nil {
		return nil, s.failed(ctx, "", err)
	}
	defer release()
	out := &flight.GetSessionOptionsResult{SessionOptions: map[string]*flight.SessionOptionValue{}}
	put := func(k, v string) {
		out.SessionOptions[k] = &flight.SessionOptionValue{OptionValue: &pb.SessionOptionValue_StringValue{StringValue: v}}
	}
	for k, v := range c.session.Options() {
		put(k, v)
	}
	catalog, schema := c.session.Current()
	put(catalogOption, catalog)
	put(schemaOption, schema)
	if v := c.option(compressionOption); v != "" {
		put(compressionOption, v)
	}
	return out, nil
}

// CloseSession implements flightsql.Server.
func (s *Server) CloseSession(ctx context.Context, _ *flight.CloseSessionRequest) (*flight.CloseSessionResult, error) {
	id := who(ctx)
	s.mu.Lock()
	c := s.clients[id.Session]
	if c != nil && c.user == id.Name {
		delete(s.clients, id.Session)
	} else {
		c = nil
	}
	s.mu.Unlock()
	if c != nil {
		c.end()
	}
	return &flight.CloseSessionResult{Status: flight.CloseSessionResultClosed}, nil
}

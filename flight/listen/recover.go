package listen

import (
	"context"
	"log/slog"
	"runtime/debug"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
)

// A panic in a call is that call's error, and must not end the process: others
// use it. The client learns that something went wrong, the log what.

func recoverUnary(log *slog.Logger) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (out any, err error) {
		defer recovered(log, info.FullMethod, &err)
		return next(ctx, req)
	}
}

func recoverStream(log *slog.Logger) grpc.StreamServerInterceptor {
	return func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) (err error) {
		defer recovered(log, info.FullMethod, &err)
		return next(srv, ss)
	}
}

func recovered(log *slog.Logger, method string, err *error) {
	if r := recover(); r != nil {
		log.Error("panic in a call", "method", method, "panic", r, "stack", string(debug.Stack()))
		*err = status.Error(codes.Internal, "An internal error, which the server's log has.")
	}
}

// tagger puts what its user wants into the context of every connection.
type tagger struct {
	tag   func(context.Context) context.Context
	ended func(context.Context)
}

func (t *tagger) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context {
	if t.tag == nil {
		return ctx
	}
	return t.tag(ctx)
}

func (*tagger) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }
func (*tagger) HandleRPC(context.Context, stats.RPCStats)                       {}

// HandleConn implements stats.Handler.
func (t *tagger) HandleConn(ctx context.Context, s stats.ConnStats) {
	if _, over := s.(*stats.ConnEnd); over && t.ended != nil {
		t.ended(ctx)
	}
}

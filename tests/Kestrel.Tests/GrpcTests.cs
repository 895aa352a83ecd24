using Grpc.AspNetCore.Server.Model;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using VmBus.Devices.Tests.Sockets;
using static VmBus.Devices.Tests.Sockets.SocketFixture;

namespace VmBus.Kestrel.Tests;

/// <summary>gRPC between a host and a guest, both in this process: HTTP/2, streams both ways.</summary>
public sealed class GrpcTests
{
    private const string Name = "vmbus.Echo";

    private static readonly Marshaller<byte[]> Bytes = Marshallers.Create(static bytes => bytes, static bytes => bytes);
    private static readonly Method<byte[], byte[]> Once = new(MethodType.Unary, Name, "Once", Bytes, Bytes);
    private static readonly Method<byte[], byte[]> Both = new(MethodType.DuplexStreaming, Name, "Both", Bytes, Bytes);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Calls_and_streams_share_a_connection(bool isHostServing)
    {
        await using SocketFixture fixture = await MakeAsync();
        await using WebServer server = await WebServer.StartAsync(
            options =>
            {
                if (isHostServing)
                    options.ListenHvSocket(fixture.Host, Service, Http2);
                else
                    options.ListenHvSocket(fixture.Guest, Service, Http2);
            },
            application => application.MapGrpcService<Echo>(),
            services =>
            {
                services.AddGrpc();
                services.TryAddEnumerable(ServiceDescriptor.Singleton<IServiceMethodProvider<Echo>, EchoMethods>());
            });
        int connects = 0;
        using var channel = GrpcChannel.ForAddress("http://vm", new GrpcChannelOptions
        {
            HttpHandler = WebServer.Handler(token =>
            {
                Interlocked.Increment(ref connects);
                return isHostServing ? fixture.Guest.ConnectAsync(Service, token) : fixture.Host.ConnectAsync(Service, token);
            }),
            DisposeHttpClient = true,
        });
        CallInvoker invoker = channel.CreateCallInvoker();
        var options = new CallOptions(cancellationToken: Token);
        byte[] sent = new byte[100_000];
        new Random(2).NextBytes(sent);
        Assert.Equal(sent, await invoker.AsyncUnaryCall(Once, null, options, sent));

        using AsyncDuplexStreamingCall<byte[], byte[]> call = invoker.AsyncDuplexStreamingCall(Both, null, options);
        for (int number = 0; number < 100; number++)
        {
            await call.RequestStream.WriteAsync([(byte)number], Token);
            Assert.True(await call.ResponseStream.MoveNext(Token));
            Assert.Equal([(byte)number], call.ResponseStream.Current);
        }
        await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ => Assert.Equal(sent, await invoker.AsyncUnaryCall(Once, null, options, sent))));
        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext(Token));
        Assert.Equal(1, connects);

        static void Http2(ListenOptions options) => options.Protocols = HttpProtocols.Http2;
    }

    /// <summary>What serves.</summary>
    public sealed class Echo;

    // What a code generator writes of a .proto.
    private sealed class EchoMethods : IServiceMethodProvider<Echo>
    {
        public void OnServiceMethodDiscovery(ServiceMethodProviderContext<Echo> context)
        {
            context.AddUnaryMethod(Once, [], static (_, request, _) => Task.FromResult(request));
            context.AddDuplexStreamingMethod(Both, [], static async (_, requests, responses, call) =>
            {
                while (await requests.MoveNext(call.CancellationToken))
                    await responses.WriteAsync(requests.Current);
            });
        }
    }
}

using System.Net;
using System.Text;
using static VmBus.SystemTest.Http.Steps;

namespace VmBus.SystemTest.Http;

/// <summary>What one side asks of the other's server, and that it stops at the end.</summary>
internal sealed class ClientSteps(Link link)
{
    private const int Large = 1 << 20, Small = 20_000, Requests = 50, Connections = 10, Streams = 20;

    private int _connects;

    public IEnumerable<(string Name, Func<Task> Step)> All =>
    [
        ("GET", GetAsync),
        ("1 MiB there, and 1 MiB back", SendLargeAsync),
        ($"{Requests} requests at once on {Connections} connections", () => MeetAsync(Ports.Http1, Requests, Connections, Connections)),
        ($"HTTP/2, {Streams} streams at once on one connection", () => MeetAsync(Ports.Http2, Streams, Streams, 1)),
        ("a client that goes aborts its request", GoAsync),
        ("HTTP/2, a stream that is cancelled aborts its request alone", CancelStreamAsync),
        ("the server stops, and answers what had begun", StopAsync),
    ];

    private async Task GetAsync()
    {
        using HttpClient client = MakeClient(Ports.Http1);
        string answer = await client.GetStringAsync("hello");
        Require(answer == "hello by HTTP/1.1", $"it answers '{answer}'");
        using HttpResponseMessage none = await client.GetAsync("nowhere");
        Require(none.StatusCode == HttpStatusCode.NotFound, $"what is not there is {none.StatusCode}");
        using HttpClient second = MakeClient(Ports.Http2);
        answer = await second.GetStringAsync("hello");
        Require(answer == "hello by HTTP/2", $"it answers '{answer}'");
    }

    private async Task SendLargeAsync()
    {
        byte[] sent = Digest.Make(1, Large);
        foreach (uint port in new[] { Ports.Http1, Ports.Http2 })
        {
            using HttpClient client = MakeClient(port);
            using HttpResponseMessage answer = await client.PostAsync("digest", new ByteArrayContent(sent));
            RequireDigest(await answer.Content.ReadAsStringAsync(), sent);
            byte[] got = await client.GetByteArrayAsync($"bytes?seed=1&length={Large}");
            Require(got.AsSpan().SequenceEqual(sent), $"{got.Length} bytes came back, or others");
        }
    }

    // The server answers when that many are there at once.
    private async Task MeetAsync(uint port, int count, int atOnce, int connections)
    {
        using HttpClient client = MakeClient(port, connections);
        _connects = 0;
        string[] ids = await Task.WhenAll(Enumerable.Range(0, count).Select(async number =>
        {
            byte[] sent = Digest.Make(number, Small + number);
            using HttpResponseMessage answer = await client.PostAsync($"meet?of={atOnce}", new ByteArrayContent(sent));
            RequireDigest(await answer.Content.ReadAsStringAsync(), sent);
            Progress();
            return answer.Headers.GetValues("connection-id").Single();
        }));
        Require(ids.Distinct().Count() == connections && _connects == connections, $"{_connects} connects, and {ids.Distinct().Count()} connections were used");
    }

    private async Task GoAsync()
    {
        using HttpClient asks = MakeClient(Ports.Http1);
        await GoFromAsync("/wait", "GET /wait HTTP/1.1\r\nHost: vm\r\n\r\n", async stream => await ReadToAsync(stream, "begun"));
        await GoFromAsync("/send", $"POST /send HTTP/1.1\r\nHost: vm\r\nContent-Length: {Large}\r\nExpect: 100-continue\r\n\r\n", async stream =>
        {
            await ReadToAsync(stream, "HTTP/1.1 100 Continue\r\n\r\n");
            await stream.WriteAsync(Digest.Make(2, Large / 2));
        });
        await GoFromAsync("/read", "GET /read HTTP/1.1\r\nHost: vm\r\n\r\n", async stream => await stream.ReadExactlyAsync(new byte[5 * Small]));

        async Task GoFromAsync(string path, string request, Func<Stream, Task> use)
        {
            await using (Stream stream = await link.ConnectAsync(Ports.Http1))
            {
                await stream.WriteAsync(Encoding.ASCII.GetBytes(request));
                await use(stream);
            }
            string aborted = await asks.GetStringAsync("aborted");
            Require(aborted == path, $"{aborted} was aborted");
        }
    }

    private async Task CancelStreamAsync()
    {
        using HttpClient client = MakeClient(Ports.Http2);
        _connects = 0;
        (await client.GetAsync("wait", HttpCompletionOption.ResponseHeadersRead)).Dispose();
        string aborted = await client.GetStringAsync("aborted");
        Require(aborted == "/wait", $"{aborted} was aborted");
        Require(_connects == 1, $"{_connects} connections");
    }

    private async Task StopAsync()
    {
        await using Stream first = await link.ConnectAsync(Ports.Http1);
        await first.WriteAsync("GET /last HTTP/1.1\r\nHost: vm\r\n\r\n"u8.ToArray());
        await ReadToAsync(first, "begun");
        using HttpClient second = MakeClient(Ports.Http2);
        using HttpResponseMessage last = await second.GetAsync("last", HttpCompletionOption.ResponseHeadersRead);
        using (HttpClient asks = MakeClient(Ports.Http1))
            (await asks.PostAsync("stop", null)).EnsureSuccessStatusCode();
        // To the end of the connection, which the server ends.
        using var rest = new MemoryStream();
        await first.CopyToAsync(rest);
        string answer = Encoding.ASCII.GetString(rest.ToArray());
        Require(answer.EndsWith("5\r\nended\r\n0\r\n\r\n", StringComparison.Ordinal), $"the last answer ends with '{answer}'");
        answer = await last.Content.ReadAsStringAsync();
        Require(answer == "begunended", $"the last stream is answered '{answer}'");
        foreach (uint port in new[] { Ports.Http1, Ports.Http2 })
            Require(await link.TryConnectAsync(port) is null, $"port {port} takes a connection of a server that has stopped");
    }

    private static void RequireDigest(string answer, byte[] sent)
    {
        string wanted = Digest.Text(sent.Length, Digest.Of(sent));
        Require(answer == wanted, $"the server had '{answer}', and '{wanted}' was sent");
    }

    // Byte by byte: nothing is read behind it.
    private static async Task ReadToAsync(Stream stream, string end)
    {
        var read = new StringBuilder();
        var next = new byte[1];
        while (!read.ToString().EndsWith(end, StringComparison.Ordinal))
        {
            Require(await stream.ReadAsync(next) == 1, $"it ends with '{read}', without '{end}'");
            read.Append((char)next[0]);
        }
    }

    private HttpClient MakeClient(uint port, int maxConnections = 1)
    {
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            MaxConnectionsPerServer = maxConnections,
            ConnectCallback = async (_, cancellationToken) =>
            {
                Stream stream = await link.ConnectAsync(port, cancellationToken);
                Interlocked.Increment(ref _connects);
                return stream;
            },
        };
        return new HttpClient(handler)
        {
            BaseAddress = new Uri("http://vm/"),
            Timeout = Timeout.InfiniteTimeSpan,
            DefaultRequestVersion = port == Ports.Http2 ? HttpVersion.Version20 : HttpVersion.Version11,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
    }
}

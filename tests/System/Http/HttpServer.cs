using System.Globalization;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using VmBus.Kestrel;
using VmBus.Kestrel.Tests;
using static VmBus.SystemTest.Http.Steps;

namespace VmBus.SystemTest.Http;

/// <summary>Kestrel at both ports of HTTP, until a client asks it to stop. An error in its log is a failure.</summary>
internal sealed class HttpServer : IAsyncDisposable
{
    // No time of the server's ends anything here: the steps have their own limit.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private readonly Link _link;
    private readonly WebApplication _application;
    private readonly LoggedErrors _errors;
    private readonly Meeting _meeting = new();
    private readonly Channel<string> _aborted = Channel.CreateUnbounded<string>();
    private readonly TaskCompletionSource _stopAsked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _stoppedListening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _requests;

    private HttpServer(Link link, WebApplication application, LoggedErrors errors) => (_link, _application, _errors) = (link, application, errors);

    /// <summary>Starts it.</summary>
    public static async Task<HttpServer> StartAsync(Link link)
    {
        var errors = new LoggedErrors();
        // No file is watched: the current folder is the root of a machine.
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(["--hostBuilder:reloadConfigOnChange=false"]);
        builder.Logging.ClearProviders().AddProvider(errors);
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = Patience);
        builder.WebHost.UseVmBus().ConfigureKestrel(options =>
        {
            options.Limits.MinRequestBodyDataRate = null;
            options.Limits.MinResponseDataRate = null;
            options.Limits.KeepAliveTimeout = options.Limits.RequestHeadersTimeout = Patience;
            link.Listen(options, Ports.Http1, HttpProtocols.Http1);
            link.Listen(options, Ports.Http2, HttpProtocols.Http2);
        });
        WebApplication application = builder.Build();
        var server = new HttpServer(link, application, errors);
        application.Run(server.ServeAsync);
        await application.StartAsync();
        return server;
    }

    /// <summary>Serves until a client asks it to stop, and stops. What had begun is answered when nothing listens any more.</summary>
    public async Task RunAsync()
    {
        await _stopAsked.Task;
        Task stopping = _application.StopAsync();
        await UntilAsync(() => _link.IsFree(Ports.Http1) && _link.IsFree(Ports.Http2));
        Require(!stopping.IsCompleted, "it has stopped before it has answered");
        _stoppedListening.SetResult();
        await stopping;
        Require(!_aborted.Reader.TryRead(out string? aborted), $"a request was aborted that no client had left: {aborted}");
        Require(_errors.Lines.IsEmpty, $"Kestrel has logged: {string.Join(Environment.NewLine, _errors.Lines)}");
        Console.WriteLine($"{_requests} requests were served");
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _application.DisposeAsync();

    private async Task ServeAsync(HttpContext context)
    {
        Interlocked.Increment(ref _requests);
        Progress();
        HttpResponse response = context.Response;
        switch (context.Request.Path.Value)
        {
            case "/hello":
                await response.WriteAsync($"hello by {context.Request.Protocol}");
                break;
            case "/bytes":
                await response.Body.WriteAsync(Digest.Make(Number("seed"), Number("length")));
                break;
            case "/digest":
                await response.WriteAsync(await DigestAsync());
                break;
            case "/meet":
                string digest = await DigestAsync();
                await _meeting.ArriveAsync(Number("of"));
                response.Headers["connection-id"] = context.Connection.Id;
                await response.WriteAsync(digest);
                break;
            case "/wait":
                await BeginAsync();
                await AbortedAsync("/wait");
                break;
            case "/send":
                await ReadToAbortAsync();
                await AbortedAsync("/send");
                break;
            case "/read":
                await WriteToAbortAsync();
                await AbortedAsync("/read");
                break;
            case "/aborted":
                await response.WriteAsync(await _aborted.Reader.ReadAsync(context.RequestAborted));
                break;
            case "/last":
                await BeginAsync();
                await _stoppedListening.Task;
                await response.WriteAsync("ended");
                if (context.RequestAborted.IsCancellationRequested)
                    _aborted.Writer.TryWrite("/last");
                break;
            case "/stop":
                _stopAsked.TrySetResult();
                break;
            default:
                response.StatusCode = StatusCodes.Status404NotFound;
                break;
        }
        Progress();

        int Number(string name) => int.Parse(context.Request.Query[name].ToString(), CultureInfo.InvariantCulture);

        async Task<string> DigestAsync()
        {
            var buffer = new byte[16384];
            uint digest = uint.MaxValue;
            long length = 0;
            int read;
            while ((read = await context.Request.Body.ReadAsync(buffer)) > 0)
            {
                digest = Digest.Of(buffer.AsSpan(0, read), digest);
                length += read;
                Progress();
            }
            return Digest.Text(length, digest);
        }

        // The client reads this, and knows that the request is here.
        async Task BeginAsync()
        {
            await response.WriteAsync("begun");
            await response.Body.FlushAsync();
        }

        async Task ReadToAbortAsync()
        {
            try
            {
                await DigestAsync();
                throw new FailedException("all of the body has come");
            }
            catch (Exception gone) when (gone is IOException or OperationCanceledException)
            {
                // The client has left.
            }
        }

        async Task WriteToAbortAsync()
        {
            var piece = new byte[16384];
            while (!context.RequestAborted.IsCancellationRequested)
            {
                try
                {
                    await response.Body.WriteAsync(piece, context.RequestAborted);
                    Progress();
                }
                catch (OperationCanceledException)
                {
                    // The client has left.
                }
            }
        }

        async Task AbortedAsync(string path)
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _aborted.Writer.TryWrite(path);
        }
    }

    // Answers to requests wait here until so many are at once.
    private sealed class Meeting
    {
        private readonly Lock _lock = new();
        private TaskCompletionSource _all = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _count;

        public Task ArriveAsync(int of)
        {
            lock (_lock)
            {
                TaskCompletionSource all = _all;
                if (++_count == of)
                {
                    _count = 0;
                    _all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                    all.SetResult();
                }
                return all.Task;
            }
        }
    }
}

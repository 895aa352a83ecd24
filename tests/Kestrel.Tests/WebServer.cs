using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using VmBus.Devices;

namespace VmBus.Kestrel.Tests;

/// <summary>A web server that runs. The end of a test asserts that it has logged no error.</summary>
internal sealed class WebServer : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly LoggedErrors _errors;

    private WebServer(WebApplication application, LoggedErrors errors) => (_application, _errors) = (application, errors);

    /// <summary>Starts one.</summary>
    /// <param name="listen">Where.</param>
    /// <param name="map">What it serves.</param>
    /// <param name="configure">Its services.</param>
    public static async Task<WebServer> StartAsync(Action<KestrelServerOptions> listen, Action<WebApplication> map, Action<IServiceCollection>? configure = null)
    {
        var errors = new LoggedErrors();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddProvider(errors);
        builder.WebHost.UseVmBus().ConfigureKestrel(listen);
        configure?.Invoke(builder.Services);
        WebApplication application = builder.Build();
        map(application);
        try
        {
            await application.StartAsync();
        }
        catch
        {
            await application.DisposeAsync();
            throw;
        }
        return new WebServer(application, errors);
    }

    /// <summary>A client whose connections are these.</summary>
    public static HttpClient Client(Func<CancellationToken, Task<HvSocketStream>> connect) =>
        new(Handler(connect)) { BaseAddress = new Uri("http://vm/"), Timeout = Patience.Limit };

    /// <summary>What sends over these connections.</summary>
    public static SocketsHttpHandler Handler(Func<CancellationToken, Task<HvSocketStream>> connect) =>
        new() { ConnectCallback = async (_, cancellationToken) => await connect(cancellationToken) };

    /// <summary>Stops it; its connections end.</summary>
    public Task StopAsync() => _application.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync();
        Assert.Empty(_errors.Lines);
    }
}

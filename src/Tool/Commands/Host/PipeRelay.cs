// The device behind --device pipe=PATH: a byte pipe of the guest and a Unix-domain socket of the host, as Hyper-V puts a
// named pipe behind a COM port.

using System.Net.Sockets;
using System.Runtime.Versioning;
using VmBus.Devices;
using VmBus.Hosting;
using VmBus.InMemory;
using VmBus.Pipes;

namespace VmBus.Tool;

/// <summary>Connects each open of the channel with one client after the other. Dispose it when it is no longer offered.</summary>
[SupportedOSPlatform("linux")]
internal sealed class PipeRelay : IChannelDevice, IDisposable
{
    private readonly LocalListener _listener;
    private readonly PipeDevice _device;
    private readonly TimeProvider _clock;

    /// <summary>Listens; clients wait until the guest opens its channel.</summary>
    /// <param name="path">Where.</param>
    /// <param name="clock">The clock of <see cref="RelayedPipe.Patience"/>; <see langword="null"/> for the system's.</param>
    /// <exception cref="ToolException">It cannot listen there.</exception>
    public PipeRelay(string path, TimeProvider? clock = null)
    {
        _clock = clock ?? TimeProvider.System;
        try
        {
            _listener = LocalListener.Listen(path);
        }
        catch (IOException error)
        {
            throw new ToolException(error.Message, error);
        }

        _device = new PipeDevice(ServeAsync);
    }

    /// <summary>What has gone through.</summary>
    public PipeCounts Counts { get; } = new();

    /// <inheritdoc/>
    public Task ServeAsync(DeviceContext context, CancellationToken closing) => _device.ServeAsync(context, closing);

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    private async Task ServeAsync(PipeStream pipe, CancellationToken closing)
    {
        var relayed = new RelayedPipe(pipe, Counts, _clock, closing);
        while (true)
        {
            using Socket client = await _listener.AcceptAsync(closing).ConfigureAwait(false);
            Counts.IsConnected = true;
            try
            {
                await relayed.RelayAsync(client).ConfigureAwait(false);
            }
            finally
            {
                Counts.IsConnected = false;
            }
        }
    }
}

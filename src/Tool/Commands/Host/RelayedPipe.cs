// Bytes both ways between a pipe that a guest has open and its clients, one at a time. No more is taken from either side
// than one buffer: the ring and the socket are the queues.

using System.Net.Sockets;
using System.Runtime.Versioning;
using VmBus.Pipes;

namespace VmBus.Tool;

/// <summary>
/// One open of a pipe. A client that goes is no end to the guest, for whom that would be final: what it had sent is still
/// written, and what the guest writes then waits for the next one. The guest's end is each client's.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class RelayedPipe(PipeStream pipe, PipeCounts counts, TimeProvider clock, CancellationToken closing)
{
    /// <summary>
    /// How long the guest's close waits for a client that takes nothing of what the guest had written before. Each piece that
    /// it takes gives it as long again.
    /// </summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    // A piece so short goes into a Unix socket of Linux whole or not at all (unix_stream_sendmsg): after a failure it is the
    // next client's.
    private const int PieceLength = PipeHeader.MaxDataLength;

    private readonly byte[] _fromGuest = new byte[PieceLength];
    private readonly byte[] _fromClient = new byte[PieceLength];
    private ReadOnlyMemory<byte> _kept;

    /// <summary>Serves a client until it goes or the guest does.</summary>
    /// <param name="client">The client; not disposed.</param>
    /// <exception cref="VmBusException">The guest broke the pipe or its ring.</exception>
    public async Task RelayAsync(Socket client)
    {
        using var clientDone = new CancellationTokenSource(Timeout.InfiniteTimeSpan, clock);
        using var guestDone = CancellationTokenSource.CreateLinkedTokenSource(closing);
        using CancellationTokenRegistration hurry = closing.UnsafeRegister(static done => ((CancellationTokenSource)done!).CancelAfter(Patience), clientDone);
        Task toClient = SendAsync(client, clientDone);
        Task toGuest = ReceiveAsync(client, guestDone.Token);
        try
        {
            // One that fails ends the other.
            Task first = await Task.WhenAny(toClient, toGuest).ConfigureAwait(false);
            await first.ConfigureAwait(false);
            await toGuest.ConfigureAwait(false);
            if (!toClient.IsCompleted)
            {
                // The client sends no more. It may be reading still.
                Task gone = HangUp.WaitAsync(client, clientDone.Token);
                await Task.WhenAny(toClient, gone).ConfigureAwait(false);
                await clientDone.CancelAsync().ConfigureAwait(false);
                await gone.ConfigureAwait(false);
            }
        }
        finally
        {
            await clientDone.CancelAsync().ConfigureAwait(false);
            await guestDone.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(toClient, toGuest).ConfigureAwait(false);
        }
    }

    private async Task SendAsync(Socket client, CancellationTokenSource clientDone)
    {
        try
        {
            while (true)
            {
                if (_kept.IsEmpty)
                {
                    int read = await pipe.ReadAsync(_fromGuest, clientDone.Token).ConfigureAwait(false);
                    if (read == 0)
                        break;
                    _kept = _fromGuest.AsMemory(0, read);
                }
                await client.SendAsync(_kept, SocketFlags.None, clientDone.Token).ConfigureAwait(false);
                counts.AddFromGuest(_kept.Length);
                _kept = default;
                if (closing.IsCancellationRequested)
                    clientDone.CancelAfter(Patience);
            }
            client.Shutdown(SocketShutdown.Send);
        }
        catch (Exception end) when (end is SocketException or OperationCanceledException)
        {
            // The client is gone.
        }
    }

    private async Task ReceiveAsync(Socket client, CancellationToken cancellationToken)
    {
        try
        {
            int received;
            while ((received = await client.ReceiveAsync(_fromClient, SocketFlags.None, cancellationToken).ConfigureAwait(false)) > 0)
            {
                await pipe.WriteAsync(_fromClient.AsMemory(0, received), cancellationToken).ConfigureAwait(false);
                counts.AddToGuest(received);
            }
        }
        catch (Exception end) when (end is SocketException or OperationCanceledException or PeerDisconnectedException)
        {
            // The client is gone, without reading all it was sent, or the guest is.
        }
    }
}

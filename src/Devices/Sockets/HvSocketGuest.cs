// Socket connections at the guest's end: what hyperv_transport.c is in Linux, for guests inside a program.

using System.Net.Sockets;
using System.Runtime.CompilerServices;
using VmBus.Guests;
using VmBus.Pipes;
using VmBus.Protocol;

namespace VmBus.Devices;

/// <summary>
/// The guest's end of socket connections over a <see cref="GuestBus"/>, for tests of both ends without a VM. A program in a
/// real guest uses its kernel's sockets. Thread-safe.
/// </summary>
/// <param name="bus">The guest's connection to the bus.</param>
/// <param name="options">
/// Only <see cref="HvSocketOptions.LingerTimeout"/> and its clock are used; <see langword="null"/> for the defaults.
/// </param>
public sealed class HvSocketGuest(GuestBus bus, HvSocketOptions? options = null)
{
    private readonly HvSocketOptions _options = options ?? new HvSocketOptions();

    /// <summary>Connects to a service of the host.</summary>
    /// <param name="service">The service; for a port, use <see cref="HvSocketService.FromPort"/>.</param>
    /// <param name="cancellationToken">Cancels the connect.</param>
    /// <returns>The connection. Dispose it when done.</returns>
    /// <exception cref="HvSocketException">The host refuses, or rescinds the channel.</exception>
    /// <exception cref="GuestBusException">The bus's connection has ended.</exception>
    public async Task<HvSocketStream> ConnectAsync(Guid service, CancellationToken cancellationToken = default)
    {
        try
        {
            GuestOffer offer = await bus.ConnectTransportAsync(Guid.NewGuid(), service, cancellationToken: cancellationToken).ConfigureAwait(false);
            return await OpenAsync(offer, cancellationToken).ConfigureAwait(false);
        }
        catch (GuestBusException refused) when (refused.Error is GuestBusError.Refused or GuestBusError.Rescinded)
        {
            throw new HvSocketException($"The host refuses a connection to service {service}.", SocketError.ConnectionRefused, refused);
        }
    }

    /// <summary>Accepts the host's connections to a service until the token is cancelled or the bus's connection ends.</summary>
    /// <param name="service">The service; for a port, use <see cref="HvSocketService.FromPort"/>.</param>
    /// <param name="cancellationToken">Ends the enumeration with <see cref="OperationCanceledException"/>.</param>
    public async IAsyncEnumerable<HvSocketStream> AcceptAllAsync(Guid service, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await bus.RequestOffersAsync(cancellationToken).ConfigureAwait(false);
        await foreach (OfferChange change in bus.WatchOffersAsync(cancellationToken).ConfigureAwait(false))
        {
            if (change.IsRescinded || change.Offer.InterfaceType != service || !HvSocketOffer.IsForAccept(change.Offer))
                continue;
            HvSocketStream stream;
            try
            {
                stream = await OpenAsync(change.Offer, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception gone) when (gone is InvalidOperationException || gone is GuestBusException { Error: GuestBusError.Rescinded or GuestBusError.Refused })
            {
                // The host has given up, or another enumeration has opened it.
                continue;
            }
            yield return stream;
        }
    }

    private async Task<HvSocketStream> OpenAsync(GuestOffer offer, CancellationToken cancellationToken)
    {
        // Linux's own sizes (RINGBUFFER_HVS_SND_SIZE, RINGBUFFER_HVS_RCV_SIZE).
        var sizes = new GuestChannelOptions { OutgoingSize = RingSize, IncomingSize = RingSize, MultiProducer = true };
        VmBusChannel channel = await bus.OpenAsync(offer, sizes, cancellationToken).ConfigureAwait(false);
        var pipe = new PipeStream(channel, leaveOpen: true);
        var stream = new HvSocketStream(pipe, offer.InterfaceType, offer.InterfaceInstance);
        _ = EndAsync(stream, pipe, channel);
        return stream;
    }

    // 24 KiB of data, as Linux's (RINGBUFFER_HVS_MAX_SIZE less the control page).
    private const int RingSize = 6 * 4096;

    private async Task EndAsync(HvSocketStream stream, PipeStream pipe, VmBusChannel channel)
    {
        await Task.WhenAny(stream.Disposed, channel.Completion).ConfigureAwait(false);
        if (channel.Completion.IsCompleted)
        {
            await stream.DetachAsync().ConfigureAwait(false);
        }
        else
        {
            using var limit = new CancellationTokenSource(_options.LingerTimeout, _options.Clock);
            await stream.DiscardAsync(limit.Token).ConfigureAwait(false);
        }
        stream.SetEnded();
        pipe.Dispose();
        await channel.DisposeAsync().ConfigureAwait(false);
    }
}

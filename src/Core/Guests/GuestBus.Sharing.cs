// Memory beyond the rings that a guest shows a device: what vmbus_establish_gpadl is to a Linux driver (drivers/hv/channel.c).

using VmBus.Protocol;

namespace VmBus.Guests;

partial class GuestBus
{
    /// <summary>Shows a channel's device some pages. They are the host's until <see cref="UnshareAsync"/>, a rescind or the end of the connection.</summary>
    /// <param name="offer">The channel.</param>
    /// <param name="gpa">Where the pages begin.</param>
    /// <param name="count">How many.</param>
    /// <param name="cancellationToken">Ends the wait; the pages stay the host's.</param>
    /// <returns>The handle by which packets name them.</returns>
    /// <exception cref="GuestBusException">The host refuses, does not answer, or takes the channel back; or the connection ends.</exception>
    internal async Task<uint> ShareAsync(GuestOffer offer, ulong gpa, int count, CancellationToken cancellationToken = default)
    {
        (uint gpadl, Task<RequestResult> taken) = await _loop.RunAsync(() =>
        {
            RequireOpening(offer);
            uint made = _protocol.CreateGpadl(offer.Relid, [GpadlRange.OfPages(gpa, count)]);
            return (made, Await(Awaited.Gpadl, made));
        }).ConfigureAwait(false);
        Check(await taken.WaitAsync(cancellationToken).ConfigureAwait(false), $"accept {count} pages for channel {offer.Relid}");
        return gpadl;
    }

    /// <summary>Asks for shared pages back.</summary>
    /// <returns>Ends when the host has been asked.</returns>
    internal Task UnshareAsync(uint gpadl) => _loop.RunAsync(() => _protocol.TeardownGpadl(gpadl));
}

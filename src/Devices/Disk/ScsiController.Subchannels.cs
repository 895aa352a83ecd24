// The subchannels of a controller: offered when the guest asks for them, taken back when it has closed the controller.

using VmBus.Hosting;

namespace VmBus.Devices;

partial class ScsiController
{
    /// <summary>Offers the subchannels that the guest asks for.</summary>
    /// <param name="count">How many.</param>
    /// <param name="cancellationToken">Gives up: what is offered later is taken back.</param>
    /// <returns><see langword="false"/> when not all of them could be offered: then none is.</returns>
    internal async Task<bool> TryOfferSubchannelsAsync(ushort count, CancellationToken cancellationToken)
    {
        try
        {
            for (ushort index = 1; index <= count; index++)
            {
                Task<OfferedChannel> offering = _options.OfferSubchannel!(_offer! with { SubchannelIndex = index, Relid = null }, new Subchannel(this));
                try
                {
                    OfferedChannel subchannel = await offering.WaitAsync(cancellationToken).ConfigureAwait(false);
                    lock (_sync)
                        _subchannels.Add(subchannel);
                }
                catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
                {
                    _ = RevokeLateAsync(offering);
                    throw;
                }
            }
            return true;
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            // The guest goes on with the channels it has.
            await RevokeSubchannelsAsync().ConfigureAwait(false);
            Protocol.ForgetSubchannels();
            return false;
        }
    }

    private static async Task RevokeLateAsync(Task<OfferedChannel> offering)
    {
        try
        {
            await (await offering.ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            // It was not offered, and the guest that asked for it is gone.
        }
    }

    private async Task RevokeSubchannelsAsync()
    {
        OfferedChannel[] old;
        lock (_sync)
        {
            old = [.. _subchannels];
            _subchannels.Clear();
        }
        foreach (OfferedChannel subchannel in old)
            await subchannel.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>The device behind a subchannel: its opens reset nothing.</summary>
    private sealed class Subchannel(ScsiController controller) : IChannelDevice
    {
        public Task ServeAsync(DeviceContext context, CancellationToken closing) => controller.ServeAsync(context, closing);
    }
}

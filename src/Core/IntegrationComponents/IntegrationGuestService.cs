// A guest's component on its channel: reads a request, sends its answer, acts.

using VmBus.Channels;

namespace VmBus.IntegrationComponents;

/// <summary>Runs an <see cref="IntegrationGuest"/> over a channel.</summary>
public sealed class IntegrationGuestService
{
    private readonly Channel _channel;
    private readonly IcReceiver _receiver;
    private readonly byte[] _answer = new byte[IcPacket.MaxLength];

    /// <summary>Makes it.</summary>
    /// <param name="channel">An open channel that is used for nothing else. Stays its owner's.</param>
    /// <param name="guest">The component.</param>
    public IntegrationGuestService(Channel channel, IntegrationGuest guest)
    {
        ArgumentNullException.ThrowIfNull(channel);
        ArgumentNullException.ThrowIfNull(guest);
        _channel = channel;
        _receiver = new IcReceiver(channel);
        Guest = guest;
    }

    /// <summary>The component. Read it from outside, but leave its calls to the service.</summary>
    public IntegrationGuest Guest { get; }

    /// <summary>Answers requests until the host is gone, the channel is closed or the token says so. To be called once.</summary>
    /// <remarks>Closing the channel waits for a request that is being handled, so a component that closes it must not wait for that.</remarks>
    /// <param name="cancellationToken">Ends it with <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="Rings.RingCorruptException">The host wrote something impossible into a ring.</exception>
    public async Task RunAsync(CancellationToken cancellationToken = default)
    {
        _channel.EnterUse();
        try
        {
            while (true)
            {
                await _channel.WaitToReadAsync(cancellationToken).ConfigureAwait(false);
                while (_channel.State != ChannelState.Closed && _receiver.TryTake(out bool isSound))
                {
                    if (!isSound)
                    {
                        Guest.CountDropped();
                        continue;
                    }

                    int length = Guest.Handle(_receiver.Packet, _answer);
                    if (length == 0)
                        continue;
                    await _receiver.SendAsync(_answer.AsMemory(0, length), _receiver.TransactionId, cancellationToken).ConfigureAwait(false);
                    Guest.AnswerSent();
                }
            }
        }
        catch (PeerDisconnectedException)
        {
            // How a component ends: the host takes its channel back.
        }
        catch (ObjectDisposedException) when (_channel.State == ChannelState.Closed)
        {
            // Or its owner closes the channel, while a request is handled rather than waited for.
        }
        finally
        {
            _channel.LeaveUse();
        }
    }
}

// Laws that every device of a host keeps, whatever it is. Each law takes machines of its own, in memory, with a second device
// beside the one under test: what harms that one harms a real host's other guests and devices.
//
//   Answers         each exchange ends, and the service ends with its channel
//   Closes          a guest that closes in the midst of exchanges gets its close
//   Rescinds        a host that takes the device away in the midst of exchanges gets it
//   Restarts        each open after a close finds a device that answers
//   BearsHostility  a hostile guest harms its own channel at most
//
// Behind each of them: nothing is left.

namespace VmBus.Testing;

/// <summary>Checks that a device follows a set of laws. Thread-safe.</summary>
public static class DeviceLaws
{
    private const int Lives = 10;

    /// <summary>Checks all laws in sequence.</summary>
    /// <param name="subject">The device.</param>
    /// <param name="cancellationToken">Cancels the check.</param>
    /// <exception cref="DeviceLawException">
    /// The device violated a law; the message contains the law, the details and the seed.
    /// </exception>
    public static async Task CheckAsync(DeviceSubject subject, CancellationToken cancellationToken = default)
    {
        await AnswersAsync(subject, cancellationToken).ConfigureAwait(false);
        await ClosesAsync(subject, cancellationToken).ConfigureAwait(false);
        await RescindsAsync(subject, cancellationToken).ConfigureAwait(false);
        await RestartsAsync(subject, cancellationToken).ConfigureAwait(false);
        await BearsHostilityAsync(subject, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Each exchange ends correctly, and the service ends after the guest has closed the channel.</summary>
    /// <inheritdoc cref="CheckAsync"/>
    public static Task AnswersAsync(DeviceSubject subject, CancellationToken cancellationToken = default) =>
        RunAsync(subject, nameof(AnswersAsync), async trial =>
        {
            VmBusChannel channel = await trial.OpenAsync().ConfigureAwait(false);
            await trial.ExchangeAsync(channel, subject.Exchanges).ConfigureAwait(false);
            await trial.CloseAsync(channel).ConfigureAwait(false);
        }, null, cancellationToken);

    /// <summary>
    /// A guest that closes the channel while it waits for an answer gets its rings back, and can open the channel again.
    /// </summary>
    /// <inheritdoc cref="CheckAsync"/>
    public static Task ClosesAsync(DeviceSubject subject, CancellationToken cancellationToken = default) =>
        RunAsync(subject, nameof(ClosesAsync), async trial =>
        {
            for (int i = 0; i < Lives; i++)
            {
                VmBusChannel channel = await trial.OpenAsync().ConfigureAwait(false);
                Task exchanges = trial.ExchangeUntilEndAsync(channel);
                await trial.WhileExchangingAsync().ConfigureAwait(false);
                await trial.CloseAsync(channel).ConfigureAwait(false);
                await trial.InTimeAsync(exchanges, "an exchange on a closed channel").ConfigureAwait(false);
            }
        }, null, cancellationToken);

    /// <summary>A host can revoke the offer without delay while a guest waits for an answer, and the guest is notified.</summary>
    /// <inheritdoc cref="CheckAsync"/>
    public static Task RescindsAsync(DeviceSubject subject, CancellationToken cancellationToken = default) =>
        RunAsync(subject, nameof(RescindsAsync), async trial =>
        {
            VmBusChannel channel = await trial.OpenAsync().ConfigureAwait(false);
            Task exchanges = trial.ExchangeUntilEndAsync(channel);
            await trial.WhileExchangingAsync().ConfigureAwait(false);
            await trial.InTimeAsync(trial.Offered.RevokeAsync(), "the revoke").ConfigureAwait(false);
            await trial.InTimeAsync(channel.Completion, "the guest's channel").ConfigureAwait(false);
            await trial.InTimeAsync(exchanges, "an exchange on a rescinded channel").ConfigureAwait(false);
            await trial.CloseAsync(channel).ConfigureAwait(false);
        }, null, cancellationToken);

    /// <summary>The device answers as before when it is opened again after a close.</summary>
    /// <inheritdoc cref="CheckAsync"/>
    public static Task RestartsAsync(DeviceSubject subject, CancellationToken cancellationToken = default) =>
        RunAsync(subject, nameof(RestartsAsync), async trial =>
        {
            for (int i = 0; i < Lives; i++)
            {
                VmBusChannel channel = await trial.OpenAsync().ConfigureAwait(false);
                await trial.ExchangeAsync(channel, Math.Max(subject.Exchanges / Lives, 1)).ConfigureAwait(false);
                await trial.CloseAsync(channel).ConfigureAwait(false);
            }
        }, null, cancellationToken);

    /// <summary>
    /// For any packets that a guest sends, and anything it writes to its rings, the device either keeps reading (unless
    /// <see cref="DeviceSubject.MayStopReading"/>) or ends the channel: it returns, or throws a <see cref="VmBusException"/> or
    /// an <see cref="InvalidDataException"/>. Any other exception is a fault. The device ends with its channel, and the other
    /// device continues to answer.
    /// </summary>
    /// <inheritdoc cref="CheckAsync"/>
    public static async Task BearsHostilityAsync(DeviceSubject subject, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(subject);
        for (int life = 0; life < subject.HostileLives; life++)
        {
            var peer = new HostilePeer(subject.Seed + life);
            await RunAsync(
                subject, nameof(BearsHostilityAsync), trial => LiveAsync(trial, peer, subject.HostileActions), () => $" In life {life} the guest did {peer}.", cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task LiveAsync(DeviceTrial trial, HostilePeer peer, int most)
    {
        VmBusChannel channel = await trial.OpenAsync().ConfigureAwait(false);
        int actions = peer.Random.Next(1, most + 1);
        for (int i = 0; i < actions && channel.State == ChannelState.Open; i++)
        {
            if (!peer.Send(channel) && !await trial.WaitForRoomAsync(channel).ConfigureAwait(false))
                break;
        }
        await trial.WaitUntilReadAsync(channel).ConfigureAwait(false);
        if (peer.Random.Next(2) == 0)
            peer.Spoil(channel);
        await trial.CloseAsync(channel).ConfigureAwait(false);
        await trial.CheckWitnessAsync().ConfigureAwait(false);
    }

    private static async Task RunAsync(DeviceSubject subject, string law, Func<DeviceTrial, Task> check, Func<string>? told, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(subject);
        law = law[..^"Async".Length];
        try
        {
            await using DeviceTrial trial = await DeviceTrial.BeginAsync(subject, cancellationToken).ConfigureAwait(false);
            try
            {
                await check(trial).ConfigureAwait(false);
                await trial.CheckNothingIsLeftAsync().ConfigureAwait(false);
            }
            catch (Exception)
            {
                // Of a device that threw, the rest follows.
                trial.ThrowIfFailed();
                throw;
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception broken)
        {
            throw new DeviceLawException(law, subject.Seed, broken.Message + told?.Invoke(), broken);
        }
    }
}

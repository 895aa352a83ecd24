// The other end of a channel, packet by packet. The same script plays a guest (PlayAsync on the channel that the test has
// opened) or a host (offered as a device).

using System.Diagnostics.CodeAnalysis;
using VmBus.Hosting;

namespace VmBus.Testing;

/// <summary>
/// What one end of a channel sends and expects, step by step. As a guest, play it with <see cref="PlayAsync"/>; as a host,
/// offer it as a device. Build it first: the methods that add steps are for one thread. Playing is thread-safe, and a script
/// can be played any number of times.
/// </summary>
/// <remarks>
/// The first packet that differs from the script fails it with a <see cref="ChannelScriptException"/>, which lists the packets so
/// far and the remaining steps. Expected payloads are compared with their padding: zeros up to a multiple of 8 bytes.
/// </remarks>
public sealed class ChannelScript : IChannelDevice
{
    private readonly List<(string Text, Func<ScriptPlay, Task> Act)> _steps = [];
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The time limit for a step. It is generous, so that a busy machine fails no test.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Completes when the script has been played as a device for the first time, or fails with the error. Await it at the end
    /// of a test of guest code.
    /// </summary>
    public Task Completion => _completion.Task;

    /// <summary>Sends an in-band packet.</summary>
    /// <param name="payload">Its payload.</param>
    /// <returns>This script.</returns>
    public ChannelScript Send(ReadOnlySpan<byte> payload)
    {
        byte[] bytes = payload.ToArray();
        return Add($"send a packet {PacketText.Of(bytes)}", play => play.SendAsync(bytes, default));
    }

    /// <summary>Sends a request: a packet that requests a completion, with the next transaction id.</summary>
    /// <param name="payload">Its payload.</param>
    /// <returns>This script.</returns>
    public ChannelScript Request(ReadOnlySpan<byte> payload)
    {
        byte[] bytes = payload.ToArray();
        return Add($"send a request {PacketText.Of(bytes)}", play => play.RequestAsync(bytes));
    }

    /// <summary>Completes the oldest expected request that is not completed yet.</summary>
    /// <param name="payload">The payload of the completion.</param>
    /// <returns>This script.</returns>
    public ChannelScript Complete(ReadOnlySpan<byte> payload)
    {
        byte[] bytes = payload.ToArray();
        return Add($"send a completion {PacketText.Of(bytes)}", play => play.CompleteAsync(bytes));
    }

    /// <summary>Expects an in-band packet that does not request a completion.</summary>
    /// <param name="payload">Its payload.</param>
    /// <returns>This script.</returns>
    public ChannelScript Expect(ReadOnlySpan<byte> payload)
    {
        byte[] bytes = payload.ToArray();
        return Add($"expect a packet {PacketText.Of(bytes)}", play => play.ExpectAsync(packet => PacketText.IsInBand(packet) && !packet.WantsCompletion && PacketText.IsSame(packet, bytes)));
    }

    /// <summary>Expects an in-band packet that requests a completion.</summary>
    /// <param name="payload">Its payload.</param>
    /// <returns>This script.</returns>
    public ChannelScript ExpectRequest(ReadOnlySpan<byte> payload)
    {
        byte[] bytes = payload.ToArray();
        return Add($"expect a request {PacketText.Of(bytes)}", play => play.ExpectAsync(packet => PacketText.IsInBand(packet) && packet.WantsCompletion && PacketText.IsSame(packet, bytes)));
    }

    /// <summary>Expects the completion of the oldest sent request that is not completed yet.</summary>
    /// <param name="payload">Its payload.</param>
    /// <returns>This script.</returns>
    public ChannelScript ExpectCompletion(ReadOnlySpan<byte> payload)
    {
        byte[] bytes = payload.ToArray();
        return Add($"expect a completion {PacketText.Of(bytes)}", play => play.ExpectCompletionAsync(bytes));
    }

    /// <summary>Expects a packet of any type that a condition accepts.</summary>
    /// <param name="description">A description for the message of a failure: "a heartbeat".</param>
    /// <param name="condition">The condition. The packet is valid during the call.</param>
    /// <returns>This script.</returns>
    public ChannelScript Expect(string description, Func<ReceivedPacket, bool> condition)
    {
        ArgumentException.ThrowIfNullOrEmpty(description);
        ArgumentNullException.ThrowIfNull(condition);
        return Add($"expect {description}", play => play.ExpectAsync(condition));
    }

    /// <summary>Expects that the other end closes the channel without sending another packet.</summary>
    /// <returns>This script.</returns>
    public ChannelScript ExpectEnd() => Add("expect the end of the channel", play => play.ExpectEndAsync());

    /// <summary>
    /// Runs any other action: close the channel, corrupt a ring with a <see cref="HostilePeer"/>, wait for a condition.
    /// </summary>
    /// <param name="description">A description for the message of a failure: "close the channel".</param>
    /// <param name="act">The action, on this end of the channel.</param>
    /// <returns>This script.</returns>
    public ChannelScript Do(string description, Func<VmBusChannel, CancellationToken, Task> act)
    {
        ArgumentException.ThrowIfNullOrEmpty(description);
        ArgumentNullException.ThrowIfNull(act);
        return Add(description, play => play.DoAsync(act));
    }

    /// <summary>Plays the script on one end of a channel.</summary>
    /// <param name="channel">The end. No other code can read it at the same time.</param>
    /// <param name="cancellationToken">Cancels the play.</param>
    /// <exception cref="ChannelScriptException">The other end differs from the script.</exception>
    public async Task PlayAsync(VmBusChannel channel, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(channel);
        var play = new ScriptPlay(channel);
        for (int step = 0; step < _steps.Count; step++)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(Patience);
            play.Token = limit.Token;
            try
            {
                await _steps[step].Act(play).WaitAsync(limit.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                throw;
            }
            catch (Exception wrong)
            {
                string what = wrong is OperationCanceledException && limit.IsCancellationRequested
                    ? $"it did not end within {Patience.TotalSeconds:0.###} s"
                    : wrong.Message;
                throw new ChannelScriptException(step + 1, play.Tell(step, _steps.Select(one => one.Text), what), wrong);
            }
        }
    }

    /// <inheritdoc/>
    [SuppressMessage("Design", "CA1033:Interface methods should be callable by child types", Justification = "The bus calls it, and the type is sealed.")]
    async Task IChannelDevice.ServeAsync(DeviceContext context, CancellationToken closing)
    {
        try
        {
            // Not under the token: the script may expect what the guest sent before it closed, and then the end.
            await PlayAsync(context.Channel, CancellationToken.None).ConfigureAwait(false);
            _completion.TrySetResult();
        }
        catch (Exception wrong)
        {
            _completion.TrySetException(wrong);
            throw;
        }
        await Task.Delay(Timeout.Infinite, closing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private ChannelScript Add(string text, Func<ScriptPlay, Task> act)
    {
        _steps.Add((text, act));
        return this;
    }
}

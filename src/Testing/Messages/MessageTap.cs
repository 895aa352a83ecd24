// Between a guest and its host: sees each channel message, and says what is delivered in its place.

using VmBus.Guests;
using VmBus.InMemory;

namespace VmBus.Testing;

/// <summary>
/// Sits between a guest and the host of an <see cref="InMemoryMachine"/>, and decides for each channel message what is delivered:
/// the message, another one, several, or none. With it a test scripts a host that never answers, a guest that says everything twice, and, by
/// <see cref="HostileMessages"/>, ends that say anything. Packets in the rings do not pass here. Thread-safe.
/// </summary>
public sealed class MessageTap
{
    private readonly Func<TestMessage, IEnumerable<TestMessage>> _deliver;
    private readonly Lock _sync = new();
    private readonly List<(TestMessage Message, bool IsDelivered)> _transcript = [];
    private TappedPlatform? _platform;

    /// <summary>Makes a tap.</summary>
    /// <param name="deliver">
    /// Given each message, returns what is delivered in its place, in order: <c>[message]</c> to let it pass, <c>[]</c> to drop it.
    /// What goes in the other direction is delivered to that end. Called for one message at a time; it must not block.
    /// </param>
    public MessageTap(Func<TestMessage, IEnumerable<TestMessage>> deliver)
    {
        ArgumentNullException.ThrowIfNull(deliver);
        _deliver = deliver;
    }

    /// <summary>The messages so far, oldest first, as their senders sent them.</summary>
    public IReadOnlyList<TestMessage> Sent
    {
        get
        {
            lock (_sync)
                return [.. _transcript.Where(one => !one.IsDelivered).Select(one => one.Message)];
        }
    }

    /// <summary>The messages so far, oldest first, as they were delivered.</summary>
    public IReadOnlyList<TestMessage> Delivered
    {
        get
        {
            lock (_sync)
                return [.. _transcript.Where(one => one.IsDelivered).Select(one => one.Message)];
        }
    }

    /// <summary>Connects the machine's guest through the tap.</summary>
    /// <param name="machine">The machine; its guest is not connected.</param>
    /// <param name="options">How the guest behaves; <see langword="null"/> for the defaults. A short <see cref="GuestBusOptions.ResponseTimeout"/> suits a tap that drops answers.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The connection; it ends with the machine at the latest.</returns>
    /// <exception cref="GuestBusException">The host refuses, or does not answer, as far as the guest can tell.</exception>
    /// <exception cref="InvalidOperationException">The guest is connected already.</exception>
    public Task<GuestBus> ConnectAsync(InMemoryMachine machine, GuestBusOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(machine);
        var platform = new TappedPlatform(machine.Platform, Decide);
        lock (_sync)
            _platform = platform;
        return machine.EnterAsync(options, (_, own, token) => GuestBus.ConnectAsync(platform, own, token), cancellationToken);
    }

    /// <summary>Delivers a message that neither end has sent, past the tap's own decision.</summary>
    /// <param name="message">The message.</param>
    /// <returns>Whether it was taken: not by a guest that is not connected, and by no host when it is longer than 240 bytes.</returns>
    public bool Inject(TestMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        TappedPlatform? platform;
        lock (_sync)
        {
            platform = _platform;
            _transcript.Add((message, true));
        }
        return platform is not null && platform.Deliver(message);
    }

    /// <summary>What was sent and what was delivered, a message a line: for the message of a test that fails.</summary>
    public override string ToString()
    {
        lock (_sync)
            return string.Join(Environment.NewLine, _transcript.Select(one => $"{(one.IsDelivered ? "  delivered" : "sent")} {one.Message}"));
    }

    private TestMessage[] Decide(TestMessage message)
    {
        lock (_sync)
        {
            _transcript.Add((message, false));
            TestMessage[] delivered = [.. _deliver(message)];
            foreach (TestMessage one in delivered)
                _transcript.Add((one, true));
            return delivered;
        }
    }
}

// Between a guest and its host: sees each channel message, and says what is delivered in its place.

using VmBus.Guests;
using VmBus.InMemory;

namespace VmBus.Testing;

/// <summary>
/// Connects a guest to the host of an <see cref="InMemoryMachine"/>, and decides for each channel message what is delivered:
/// the message, another one, several, or none. A test can script a host that never answers, a guest that sends everything twice
/// and, with <see cref="HostileMessages"/>, hostile ends. Packets in the rings do not pass through it. Thread-safe.
/// </summary>
public sealed class MessageTap
{
    private readonly Func<TestMessage, IEnumerable<TestMessage>> _deliver;
    private readonly Lock _sync = new();
    private readonly List<(TestMessage Message, bool IsDelivered)> _transcript = [];
    private TappedPlatform? _platform;

    /// <summary>Creates a tap.</summary>
    /// <param name="deliver">
    /// Gets each message and returns the messages to deliver in its place, in order: <c>[message]</c> to let it pass, <c>[]</c>
    /// to drop it. A message in the other direction is delivered to that end. Called for one message at a time; it must not
    /// block.
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
    /// <param name="options">
    /// The guest's options; <see langword="null"/> for the defaults. A short <see cref="GuestBusOptions.ResponseTimeout"/>
    /// suits a tap that drops answers.
    /// </param>
    /// <param name="cancellationToken">Cancels the connect.</param>
    /// <returns>The connection; it ends with the machine at the latest.</returns>
    /// <exception cref="GuestBusException">From the guest's view, the host refuses or does not answer.</exception>
    /// <exception cref="InvalidOperationException">The guest is already connected.</exception>
    public Task<GuestBus> ConnectAsync(InMemoryMachine machine, GuestBusOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(machine);
        var platform = new TappedPlatform(machine.Platform, Decide);
        lock (_sync)
            _platform = platform;
        return machine.EnterAsync(options, (_, own, token) => GuestBus.ConnectAsync(platform, own, token), cancellationToken);
    }

    /// <summary>Delivers a message that neither end has sent, without the tap's decision.</summary>
    /// <param name="message">The message.</param>
    /// <returns>
    /// Whether it was accepted. A guest that is not connected accepts none; a host accepts none longer than 240 bytes.
    /// </returns>
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

    /// <summary>The sent and the delivered messages, one per line: for the message of a failed test.</summary>
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

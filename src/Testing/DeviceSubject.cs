// What DeviceLaws is given.

using VmBus.Hosting;

namespace VmBus.Testing;

/// <summary>A device to check by <see cref="DeviceLaws"/>, and how a guest talks to it.</summary>
/// <remarks>Read by one check at a time; <see cref="Create"/> and <see cref="Exchange"/> are called by the check alone.</remarks>
public sealed class DeviceSubject
{
    /// <summary>Describes a device.</summary>
    /// <param name="create">Makes one. Each law takes new ones, and disposes those that can be disposed.</param>
    /// <param name="exchange">
    /// One exchange of a well-behaved guest: it sends what the random numbers say, awaits the answer, and throws when that is wrong.
    /// Exchanges of one channel come one after the other.
    /// </param>
    public DeviceSubject(Func<IChannelDevice> create, Func<VmBusChannel, Random, CancellationToken, Task> exchange)
    {
        ArgumentNullException.ThrowIfNull(create);
        ArgumentNullException.ThrowIfNull(exchange);
        Create = create;
        Exchange = exchange;
    }

    /// <summary>Makes a device.</summary>
    public Func<IChannelDevice> Create { get; }

    /// <summary>One exchange of a well-behaved guest.</summary>
    public Func<VmBusChannel, Random, CancellationToken, Task> Exchange { get; }

    /// <summary>What the device is offered as; by default a class and instance of its own, without a monitor.</summary>
    public HostOffer Offer { get; init; } = new(new Guid("5b1d6b5e-5a0f-4f0b-8a3e-0f1d2c3b4a59"), new Guid("5b1d6b5e-5a0f-4f0b-8a3e-0f1d2c3b4a5a"));

    /// <summary>Where the random numbers begin; a new number for each subject unless it is set. An error names it.</summary>
    public int Seed { get; init; } = Random.Shared.Next();

    /// <summary>
    /// Whether the device may leave packets unread for as long as the guest has the channel open: as a pipe does, whose guest has
    /// ended its stream.
    /// </summary>
    public bool MayStopReading { get; init; }

    /// <summary>How many exchanges each law makes.</summary>
    public int Exchanges { get; init; } = 50;

    /// <summary>How many lives of a hostile guest are tried.</summary>
    public int HostileLives { get; init; } = 50;

    /// <summary>How many things a hostile guest does in a life, at most.</summary>
    public int HostileActions { get; init; } = 100;

    /// <summary>
    /// How long an exchange, a close or a rescind may take before it counts as one that never ends. Generous: a busy machine must
    /// not fail a device that is right.
    /// </summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>An exchange of a request, sent with the wish for a completion, and its completion.</summary>
    /// <param name="request">Makes the payload of a request.</param>
    /// <param name="check">
    /// Given the payload that was sent and the completion's, throws when the answer is wrong. On VMBus payloads are padded with zeros
    /// to a multiple of 8 bytes.
    /// </param>
    /// <returns>An exchange for the constructor.</returns>
    public static Func<VmBusChannel, Random, CancellationToken, Task> Request(Func<Random, byte[]> request, Action<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>? check = null)
    {
        ArgumentNullException.ThrowIfNull(request);
        return async (channel, random, token) =>
        {
            ArgumentNullException.ThrowIfNull(channel);
            byte[] payload = request(random);
            using ReceivedPacket answer = await channel.RequestAsync(payload, cancellationToken: token).ConfigureAwait(false);
            check?.Invoke(payload, answer.Payload);
        };
    }
}

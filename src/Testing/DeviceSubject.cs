// What DeviceLaws is given.

using VmBus.Hosting;

namespace VmBus.Testing;

/// <summary>A device to check with <see cref="DeviceLaws"/>, and how a guest communicates with it.</summary>
/// <remarks>Use it in one check at a time. Only the check calls <see cref="Create"/> and <see cref="Exchange"/>.</remarks>
public sealed class DeviceSubject
{
    /// <summary>Describes a device.</summary>
    /// <param name="create">Creates a device. Each law creates new devices, and disposes those that are disposable.</param>
    /// <param name="exchange">
    /// One exchange of a well-behaved guest: it sends random data, awaits the answer, and throws if the answer is wrong.
    /// Exchanges of one channel run in sequence.
    /// </param>
    public DeviceSubject(Func<IChannelDevice> create, Func<VmBusChannel, Random, CancellationToken, Task> exchange)
    {
        ArgumentNullException.ThrowIfNull(create);
        ArgumentNullException.ThrowIfNull(exchange);
        Create = create;
        Exchange = exchange;
    }

    /// <summary>Creates a device.</summary>
    public Func<IChannelDevice> Create { get; }

    /// <summary>One exchange of a well-behaved guest.</summary>
    public Func<VmBusChannel, Random, CancellationToken, Task> Exchange { get; }

    /// <summary>The offer of the device; by default a test class and instance, without a monitor.</summary>
    public HostOffer Offer { get; init; } = new(new Guid("5b1d6b5e-5a0f-4f0b-8a3e-0f1d2c3b4a59"), new Guid("5b1d6b5e-5a0f-4f0b-8a3e-0f1d2c3b4a5a"));

    /// <summary>The seed of the random numbers; by default a new one for each subject. Errors contain it.</summary>
    public int Seed { get; init; } = Random.Shared.Next();

    /// <summary>
    /// Whether the device can leave packets unread while the guest has the channel open, like a pipe whose guest has
    /// ended its stream.
    /// </summary>
    public bool MayStopReading { get; init; }

    /// <summary>The number of exchanges per law.</summary>
    public int Exchanges { get; init; } = 50;

    /// <summary>The number of hostile guests to try.</summary>
    public int HostileLives { get; init; } = 50;

    /// <summary>The maximum number of actions of one hostile guest.</summary>
    public int HostileActions { get; init; } = 100;

    /// <summary>
    /// The time limit for an exchange, a close or a rescind. It is generous: a busy machine must
    /// not fail a correct device.
    /// </summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Creates an exchange of a request and its completion.</summary>
    /// <param name="request">Creates the payload of a request.</param>
    /// <param name="check">
    /// Gets the payload that was sent and the completion's payload; throws if the answer is wrong. On VMBus, payloads are
    /// padded with zeros to a multiple of 8 bytes.
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

using VmBus.Channels;

namespace VmBus.Tool.Traffic;

/// <summary>The host's job in a measurement: see <see cref="HostReceiver"/>.</summary>
/// <param name="answers">Whether each message is answered.</param>
internal sealed class ReceiveJob(bool answers) : IHostJob<HostResult>
{
    /// <summary>The job's name on a command line.</summary>
    public const string Name = "receive";

    /// <inheritdoc/>
    public IReadOnlyList<string> Arguments => [Name, answers.ToString()];

    /// <summary>Packets read so far, while the job runs in this process.</summary>
    public long PacketsRead => _receiver?.PacketsRead ?? 0;

    private HostReceiver? _receiver;

    /// <summary>Reads a job's arguments behind its name.</summary>
    public static ReceiveJob Parse(ReadOnlySpan<string> arguments) => new(bool.Parse(arguments[0]));

    /// <inheritdoc/>
    public HostResult Run(Channel channel, CancellationToken cancellationToken)
    {
        _receiver = new HostReceiver(channel, answers);
        return _receiver.Run(cancellationToken);
    }

    /// <inheritdoc/>
    public void Write(BinaryWriter writer, HostResult result) => result.WriteTo(writer);

    /// <inheritdoc/>
    public HostResult Read(BinaryReader reader) => HostResult.ReadFrom(reader);
}

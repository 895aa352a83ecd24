namespace VmBus.Core.Tests.Protocol.Both;

/// <summary>What a step of a play does.</summary>
internal enum StepKind
{
    /// <summary>The guest asks for something that it may ask for.</summary>
    Guest,

    /// <summary>A device comes or goes.</summary>
    Host,

    /// <summary>Messages are posted and delivered, devices answer: a few, of either side.</summary>
    Flow,

    /// <summary>A device answers, or refuses.</summary>
    Answer,

    /// <summary>Time passes, too little for anything or enough for a timeout.</summary>
    Time,

    /// <summary>The guest vanishes, or the machine it runs in is reset.</summary>
    Disaster,
}

/// <summary>A step: what it does, and the dice it throws.</summary>
internal readonly record struct Step(StepKind Kind, uint Seed)
{
    public static Step[] Many(ulong seed)
    {
        var dice = new Dice(seed ^ 0x5745_5053);
        var steps = new Step[10 + dice.Below(60)];
        for (int index = 0; index < steps.Length; index++)
        {
            StepKind kind = dice.Below(100) switch
            {
                < 34 => StepKind.Guest,
                < 43 => StepKind.Host,
                < 80 => StepKind.Flow,
                < 91 => StepKind.Answer,
                < 99 => StepKind.Time,
                _ => StepKind.Disaster,
            };
            steps[index] = new Step(kind, dice.Word());
        }

        return steps;
    }
}

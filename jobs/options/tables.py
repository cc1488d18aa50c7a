"""Options and optimizers that RETURNN knows. Made by tests/jobs/options/make_tables.py."""

from __future__ import annotations

from .table_text import table

RETURNN_VERSION = "1.20261022.211313"

OPTIONS: dict[str, str] = {
    name: kind
    for kind, names in table("""
any: EnableAutoNumpySharedMemPickling PYTORCH_CUDA_ALLOC_CONF SprintInterfacePythonFeatureScorer
    __debug_dummy_distributed_rank_and_size accum_grad_multiple_step action analyze_dataset backend batch_size
    batching c2p_fd cache_size chunking cleanup_old_models combine_labels configfile context_window ctc_prior_file
    data_key dataset_pipeline debug_grad_summaries debug_print_layer_output default_float_dtype default_input
    deterministic_train dev device distributed_tf dry_run dynamic_learning_rate enforce_min_len1 epoch epoch_end
    epoch_start eval eval_batch_size eval_datasets eval_learning_rate eval_output_file eval_output_file_per_seq
    exclude extern_data extra_updates extract file_cache_opts forward_callback forward_data forward_output_layer
    forward_override_hdf_output forward_step get_model get_network global_norm_tag grad_scaler
    gradient_clip_global_norm_tag horovod_avg_grad horovod_dataset_distribution horovod_reduce_type horovod_scale_lr
    hyper_param_tuning import_model_train_epoch1 inf_value init_new_network_callback init_train_epoch_posthook jax_amp
    jax_compilation_cache_dir jax_default_matmul_precision jax_jit jax_static_shapes learning_rate_control
    learning_rate_control_error_measure learning_rate_decay learning_rate_file learning_rate_growth learning_rates
    load load_epoch load_model_post_hooks log log_format log_grad_norm log_verbosity loss loss_name max_pad_size
    max_seq_length max_seqs minPythonControlVersion min_chunk_size min_seq_length model model_outputs need_data
    network newbob_learning_rate_decay newbob_learning_rate_growth num_allowed_consec_invalid_gradient_steps
    num_inputs num_outputs num_workers on_size_limit online_shuffle_batches optimizer output_file
    output_per_seq_file_format output_per_seq_format p2c_fd packed_batch_cost packed_batch_size
    packed_fallback_allowed packed_tensors preload_from_files pretrain pretrain_construction_algo
    pretrain_copy_output_layer pretrain_greedy pretrain_repetitions quiet random_seed reinit_network_each_epoch
    restart_after_num_net_reinit rf_conformer_conv_norm_use_mask rf_module_output_keep_dtype rf_moments_float32
    rf_moments_use_fixed_masking rf_native_opt rf_packed_att_fast_paths rf_packed_warn_regap
    rf_scatter_use_fixed_masking rf_specaugment_num_masks_per_seq rf_use_consistent_same_padding rmsprop search_data
    search_output_file search_output_file_format search_output_layer search_train_network_layers sil_label_idx
    sprint_interface_custom_dataset sprint_interface_dataset_opts sprint_trainer_exec_path start_batch start_epoch
    startup_callback statistics statistics_dtype statistics_save_prefix target task tensorboard_opts tf_amp tf_log_dir
    tf_native_ctc_zero_infinity tf_profile_step tf_profiler_logdir tf_run_options tf_session_opts tf_static_shapes
    torch_amp torch_batching torch_cuda_graph torch_dataloader_opts torch_dataloader_shard_workers torch_distributed
    torch_optimizer_step torch_profile torch_watch_stall train train_in_eval train_step use_horovod
    use_last_best_model use_learning_rate_control_always use_lovely_tensors verbose wandb_opts window wrap_tf_session
bool: adadelta adagrad adam allow_random_model_init allow_skipping_seqs_in_forward
    apply_cleanup_old_models_to_optim_states calculate_exp_loss check_learning_rates check_unsupported_device
    chunk_eval debug_add_check_numerics_on_output debug_add_check_numerics_ops debug_objective_loss_summaries
    debug_print_layer_output_shape debug_print_layer_output_template debug_rec_layer debug_runtime_sanity_checks
    debug_save_updater_vars debug_shell_before_train_loop debug_shell_in_runner debug_unnormalized_loss_summaries
    decouple_constraints eval_use_train_flag flat_net_construction forward_auto_split_batch_on_oom forward_use_search
    gpu_local_cpu_affinity gradient_nan_inf_filter ipython learning_rate_control_relative_error_relative_lr
    load_ignore_missing_vars log_batch_size nadam newbob_relative_error_div_by_old onnx_export
    optimize_move_layers_out optimizer_use_locking patch_atfork reset_dev_memory_caches rf_att_dropout_broadcast
    rf_batch_norm_distributed rf_dropout_broadcast save_epoch1_initial_model search_do_eval share_batches
    shuffle_batches sort_dataset sparse_input stop_for_resubmission_when_low_time_left stop_on_nonfinite_train_score
    store_tf_profile tf_cudnn_autotune tf_jit tf_log_memory_usage torch_log_memory_usage use_dummy_datasets
    use_hot_reloading use_tensorboard use_tensorflow use_train_proc_manager watch_memory
int: behavior_version dataset_random_seed_offset debug_shell_in_runner_step dummy_dataset_num_seqs forward_batch_size
    horovod_param_sync_step jax_data_prefetch jax_time_buckets learning_rate_control_min_num_epochs_per_new_lr
    lm_dataset_debug_limit_line_count newbob_multi_num_epochs newbob_multi_update_interval num_epochs
    param_dropout_min_ndim reset_updater_vars_mod_step save_interval shuffle_frames_of_nseqs store_metadata_mod_step
    tf_data_provider_capacity train_dummy_dataset_num_seqs update_batch_size web_server_port
float: chunking_variance conv_pad_seq_len_to_power decouple_constraints_factor grad_clip grad_norm_to_clip_to_zero
    gradient_clip gradient_clip_avg_norm gradient_clip_global_norm gradient_clip_norm gradient_noise
    horovod_param_sync_time_diff inc_seq_length learning_rate maximize_grad_norm min_learning_rate momentum
    newbob_error_threshold newbob_relative_error_grow_threshold newbob_relative_error_threshold optimizer_epsilon
    param_dropout param_variational_noise pretrain_learning_rate seq_drop seq_drop_freq
    stop_for_resubmission_safety_factor
""").items()
    for name in names
}

"""By name: "bool", "int" or "float" where RETURNN reads it so everywhere, else "any"."""

OPTIMIZERS: dict[str, dict[str, tuple[str, ...]]] = {
    "tensorflow": table("""
adadelta: epsilon learning_rate name rho use_locking use_own_namescope_for_non_slot_vars
adadeltaoptimizer: epsilon learning_rate name rho use_locking use_own_namescope_for_non_slot_vars
adafactor: beta_2_decay clip_threshold clipnorm clipvalue ema_momentum ema_overwrite_frequency epsilon_1 epsilon_2
    global_clipnorm gradient_accumulation_steps learning_rate loss_scale_factor name relative_step use_ema
    weight_decay
adagrad: initial_accumulator_value learning_rate name use_locking use_own_namescope_for_non_slot_vars
adagradda: global_step initial_gradient_squared_accumulator_value l1_regularization_strength
    l2_regularization_strength learning_rate name use_locking use_own_namescope_for_non_slot_vars
adagraddaoptimizer: global_step initial_gradient_squared_accumulator_value l1_regularization_strength
    l2_regularization_strength learning_rate name use_locking use_own_namescope_for_non_slot_vars
adagradoptimizer: initial_accumulator_value learning_rate name use_locking use_own_namescope_for_non_slot_vars
adam: beta1 beta2 epsilon learning_rate name use_locking use_own_namescope_for_non_slot_vars
adamax: beta_1 beta_2 clipnorm clipvalue ema_momentum ema_overwrite_frequency epsilon global_clipnorm
    gradient_accumulation_steps learning_rate loss_scale_factor name use_ema weight_decay
adamoptimizer: beta1 beta2 epsilon learning_rate name use_locking use_own_namescope_for_non_slot_vars
adamw: amsgrad beta_1 beta_2 clipnorm clipvalue ema_momentum ema_overwrite_frequency epsilon global_clipnorm
    gradient_accumulation_steps learning_rate loss_scale_factor name use_ema weight_decay
amsgrad: beta1 beta2 decay epsilon learning_rate name use_locking use_own_namescope_for_non_slot_vars var_list
amsgradoptimizer: beta1 beta2 decay epsilon learning_rate name use_locking use_own_namescope_for_non_slot_vars
    var_list
basecustom: learning_rate name use_locking use_own_namescope_for_non_slot_vars
basecustomoptimizer: learning_rate name use_locking use_own_namescope_for_non_slot_vars
customadam: beta1 beta2 epsilon learning_rate name use_locking use_own_namescope_for_non_slot_vars
customadamoptimizer: beta1 beta2 epsilon learning_rate name use_locking use_own_namescope_for_non_slot_vars
customgradientdescent: learning_rate name use_locking use_own_namescope_for_non_slot_vars
customgradientdescentoptimizer: learning_rate name use_locking use_own_namescope_for_non_slot_vars
ftrl: accum_name beta initial_accumulator_value l1_regularization_strength l2_regularization_strength
    l2_shrinkage_regularization_strength learning_rate learning_rate_power linear_name name use_locking
    use_own_namescope_for_non_slot_vars
ftrloptimizer: accum_name beta initial_accumulator_value l1_regularization_strength l2_regularization_strength
    l2_shrinkage_regularization_strength learning_rate learning_rate_power linear_name name use_locking
    use_own_namescope_for_non_slot_vars
gradientdescent: learning_rate name use_locking use_own_namescope_for_non_slot_vars
gradientdescentoptimizer: learning_rate name use_locking use_own_namescope_for_non_slot_vars
gradvariancescaled: beta1 beta2 epsilon learning_rate name use_locking use_own_namescope_for_non_slot_vars
gradvariancescaledoptimizer: beta1 beta2 epsilon learning_rate name use_locking use_own_namescope_for_non_slot_vars
lamb: beta_1 beta_2 clipnorm clipvalue ema_momentum ema_overwrite_frequency epsilon global_clipnorm
    gradient_accumulation_steps learning_rate loss_scale_factor name use_ema weight_decay
lion: beta_1 beta_2 clipnorm clipvalue ema_momentum ema_overwrite_frequency global_clipnorm
    gradient_accumulation_steps learning_rate loss_scale_factor name use_ema weight_decay
lossscale: clipnorm clipvalue dynamic_growth_steps ema_momentum ema_overwrite_frequency global_clipnorm
    gradient_accumulation_steps initial_scale inner_optimizer learning_rate loss_scale_factor name use_ema
    weight_decay
lossscaleoptimizer: clipnorm clipvalue dynamic_growth_steps ema_momentum ema_overwrite_frequency global_clipnorm
    gradient_accumulation_steps initial_scale inner_optimizer learning_rate loss_scale_factor name use_ema
    weight_decay
momentum: learning_rate momentum name use_locking use_nesterov use_own_namescope_for_non_slot_vars
momentumoptimizer: learning_rate momentum name use_locking use_nesterov use_own_namescope_for_non_slot_vars
multi: clipnorm clipvalue ema_momentum ema_overwrite_frequency global_clipnorm gradient_accumulation_steps
    learning_rate loss_scale_factor name optimizer_map use_ema weight_decay
multioptimizer: clipnorm clipvalue ema_momentum ema_overwrite_frequency global_clipnorm gradient_accumulation_steps
    learning_rate loss_scale_factor name optimizer_map use_ema weight_decay
muon: adam_beta_1 adam_beta_2 adam_lr_ratio adam_weight_decay clipnorm clipvalue ema_momentum ema_overwrite_frequency
    epsilon exclude_embeddings exclude_layers global_clipnorm gradient_accumulation_steps learning_rate
    loss_scale_factor momentum muon_a muon_b muon_c name nesterov ns_steps rms_rate use_ema weight_decay
nadam: beta1 beta2 epsilon learning_rate name use_locking use_own_namescope_for_non_slot_vars
nadamkeras: beta_1 beta_2 clipnorm clipvalue ema_momentum ema_overwrite_frequency epsilon global_clipnorm
    gradient_accumulation_steps learning_rate loss_scale_factor name use_ema weight_decay
nadamoptimizer: beta1 beta2 epsilon learning_rate name use_locking use_own_namescope_for_non_slot_vars
neuraloptimizer1: beta1 decrease_factor learning_rate name use_locking use_own_namescope_for_non_slot_vars
normalizedsgd: learning_rate name use_locking use_own_namescope_for_non_slot_vars
proximaladagrad: initial_accumulator_value l1_regularization_strength l2_regularization_strength learning_rate name
    use_locking use_own_namescope_for_non_slot_vars
proximaladagradoptimizer: initial_accumulator_value l1_regularization_strength l2_regularization_strength
    learning_rate name use_locking use_own_namescope_for_non_slot_vars
proximalgradientdescent: l1_regularization_strength l2_regularization_strength learning_rate name use_locking
    use_own_namescope_for_non_slot_vars
proximalgradientdescentoptimizer: l1_regularization_strength l2_regularization_strength learning_rate name use_locking
    use_own_namescope_for_non_slot_vars
rmsprop: centered decay epsilon learning_rate momentum name use_locking use_own_namescope_for_non_slot_vars
rmspropoptimizer: centered decay epsilon learning_rate momentum name use_locking use_own_namescope_for_non_slot_vars
schedulefreeadamw: beta_1 beta_2 clipnorm clipvalue ema_momentum ema_overwrite_frequency epsilon global_clipnorm
    gradient_accumulation_steps learning_rate loss_scale_factor name use_ema warmup_steps weight_decay
sgd: clipnorm clipvalue ema_momentum ema_overwrite_frequency global_clipnorm gradient_accumulation_steps learning_rate
    loss_scale_factor momentum name nesterov use_ema weight_decay
syncreplicas: name opt replicas_to_aggregate total_num_replicas use_locking use_own_namescope_for_non_slot_vars
    variable_averages variables_to_average
syncreplicasoptimizer: name opt replicas_to_aggregate total_num_replicas use_locking
    use_own_namescope_for_non_slot_vars variable_averages variables_to_average
"""),
    "torch": table("""
adadelta: capturable defaults differentiable eps foreach maximize rho weight_decay
adafactor: beta2_decay d defaults eps foreach maximize weight_decay
adagrad: defaults differentiable eps foreach fused initial_accumulator_value lr_decay maximize weight_decay
adam: amsgrad betas capturable decoupled_weight_decay defaults differentiable eps foreach fused maximize weight_decay
adamax: betas capturable defaults differentiable eps foreach maximize weight_decay
adamw: amsgrad betas capturable decoupled_weight_decay defaults differentiable eps foreach fused maximize weight_decay
asgd: alpha capturable defaults differentiable foreach lambd maximize t0 weight_decay
lbfgs: defaults history_size line_search_fn max_eval max_iter tolerance_change tolerance_grad
muon: adjust_lr_fn defaults eps momentum nesterov ns_coefficients ns_steps weight_decay
nadam: betas capturable decoupled_weight_decay defaults differentiable eps foreach maximize momentum_decay
    weight_decay
optimizer: defaults
radam: betas capturable decoupled_weight_decay defaults differentiable eps foreach maximize weight_decay
rmsprop: alpha capturable centered defaults differentiable eps foreach maximize momentum weight_decay
rprop: capturable defaults differentiable etas foreach maximize step_sizes
sgd: dampening defaults differentiable foreach fused maximize momentum nesterov weight_decay
sparseadam: betas defaults eps maximize
"""),
}

"""By engine and name: the arguments of each."""
